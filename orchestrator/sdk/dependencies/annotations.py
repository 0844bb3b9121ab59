"""Marks that an author puts around an argument."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Annotation(Generic[T]):
    """An argument with a mark; `value` is the argument."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"


class unmapped(Annotation[T]):
    """In `.map()`: give this value to every item instead of taking it apart."""

    __slots__ = ()


class allow_failure(Annotation[T]):
    """Run also when this input failed; the task then gets the exception as its argument."""

    __slots__ = ()
