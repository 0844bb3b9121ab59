"""Marks that an author puts around an argument."""

from __future__ import annotations

from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Annotation(Generic[T]):
    """An argument with a mark; `value` is the argument."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash((type(self), self.value))

    def unwrap(self) -> T:
        """The argument without its mark."""
        return self.value

    def rewrap(self, value: T) -> Self:
        """Another argument with the same mark."""
        return type(self)(value)


class unmapped(Annotation[T]):
    """In `.map()`: give this value to every item instead of taking it apart."""

    __slots__ = ()


class allow_failure(Annotation[T]):
    """Run also when this input failed; the task then gets the exception as its argument."""

    __slots__ = ()


class quote(Annotation[T]):
    """Take this value as it is: futures and states in it stay what they are, and nobody looks for any.

    As an argument the task gets the value without the mark. Returned from a run, it is the result with the mark:
    `.unquote()` gives the value, and states in it decide nothing.
    """

    __slots__ = ()

    def unquote(self) -> T:
        """The value without the mark."""
        return self.value


class opaque(Annotation[T]):
    """Take a future's result, or any other value, without looking for futures inside of it: it may be large."""

    __slots__ = ()
