"""What can be named by an entrypoint. Its own file, so that a flow may load another one."""

from __future__ import annotations


class Loadable:
    """The base of flows: an object in an author's file that a worker is to find."""

    __slots__ = ()
