"""What flows and tasks are, for those who must know them without importing them. A flow may load another one."""

from __future__ import annotations


class Decorated:
    """The base of flows and tasks: a function with something around it."""

    __slots__ = ()


class Loadable(Decorated):
    """The base of flows: an object in an author's file that a worker is to find."""

    __slots__ = ()
