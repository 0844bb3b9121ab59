"""Options and functions of flows and tasks, checked where they are written."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from datetime import timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID

    from orchestrator.sdk.options.triggers import Trigger

_ASYNC_FUNCTIONS = 0x80 | 0x200


def checked_function(fn: Any, *, kind: str) -> Callable[..., Any]:
    """Raises TypeError for what cannot be called."""
    if isinstance(fn, (staticmethod, classmethod)):
        raise TypeError(f"put @{type(fn).__name__} above @{kind}, not below it")
    if not callable(fn):
        raise TypeError(f"@{kind} needs a function; got {fn!r}. Options are given by name: @{kind}(name=…)")
    checked: Callable[..., Any] = fn
    return checked


def bound_method(fn: Callable[..., Any], instance: Any) -> Callable[..., Any]:
    """The function with its first parameter, `self` or `cls`, given; otherwise known as the function is."""
    method = functools.partial(fn, instance)
    functools.update_wrapper(method, fn)
    del method.__wrapped__  # type: ignore[attr-defined]  # its signature has one parameter more
    return method


def is_async(fn: Any) -> bool:
    """Whether it is made by `async def`; an async generator function is, too."""
    inner = getattr(fn, "func", fn)  # of a functools.partial
    code = getattr(inner, "__code__", None) or getattr(type(inner).__call__, "__code__", None)
    return bool(code is not None and code.co_flags & _ASYNC_FUNCTIONS)


def checked_name(name: Any, *, kind: str) -> str | None:
    """None is no name. Raises TypeError for what is no text."""
    if name is not None and (not isinstance(name, str) or not name):
        hint = "; it is a function that was not called" if callable(name) else ""
        raise TypeError(f"the name of a {kind} is {name!r}; a text is needed{hint}")
    return name or None


def checked_switch(value: Any, *, option: str) -> bool | None:
    """None leaves the decision to somebody else. Raises TypeError unless it is True, False or None."""
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"{option} is {value!r}; use True, False or None")
    return value


def checked_retries(retries: Any) -> int:
    """Raises ValueError unless it is a whole number from 0 on."""
    if not isinstance(retries, int) or isinstance(retries, bool) or retries < 0:
        raise ValueError(f"retries is {retries!r}; a whole number from 0 on is needed")
    return retries


def checked_seconds(
    value: Any,
    option: str,
    *,
    zero: bool = True,
    without: str = "for no limit",
    error: type[Exception] = ValueError,
) -> float | None:
    """A number of seconds, also of a timedelta; None stays None. `without` says in the message what None is good for.

    Raises `error`, which says what was given as `option`, unless it is a finite number from 0 on; with `zero` False,
    above 0. True, NaN and texts are no numbers.
    """
    if value is None:
        return None
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and isfinite(seconds)
    if not is_number or seconds < 0 or (seconds == 0 and not zero):
        wanted = "a number from 0 on" if zero else "a number above 0"
        raise error(f"{option} is {value!r}; {wanted} is needed, in seconds, or None {without}")
    return float(seconds)


def checked_words(words: Any, option: str, *, error: type[Exception] = TypeError) -> list[str]:
    """A list of texts, such as tags; None is an empty one. Raises `error` for one text, and for what is no text."""
    if words is None:
        return []
    if isinstance(words, (str, bytes)) or not isinstance(words, Iterable):
        raise error(f"{option} is {words!r}; a list of texts is needed: {option}=[{str(words)!r}]")
    listed = list(words)
    for word in listed:
        if not isinstance(word, str):
            raise error(f"{option} has {word!r} in it; texts are needed")
    return listed


def checked_id(value: Any, option: str, *, error: type[Exception] = ValueError) -> UUID:
    """A UUID, also given as text. Raises `error`, which says what was given as `option`."""
    from uuid import UUID

    if isinstance(value, UUID):
        return value
    try:
        return UUID(str(value))
    except ValueError:
        raise error(f"{option} is {value!r}; a UUID is needed") from None


def checked_count(number: Any, option: str) -> int | None:
    """None stays None. Raises ValueError unless it is a whole number from 1 on."""
    if number is not None and (not isinstance(number, int) or isinstance(number, bool) or number < 1):
        raise ValueError(f"{option} is {number!r}; a whole number from 1 on is needed")
    return number


def checked_exceptions(given: Any, option: str) -> tuple[type[BaseException], ...] | None:
    """One exception class or several as a tuple; None stays None. Raises TypeError for anything else."""
    if given is None:
        return None
    classes = (given,) if isinstance(given, type) else tuple(given) if isinstance(given, Iterable) else ()
    if not classes or not all(isinstance(each, type) and issubclass(each, BaseException) for each in classes):
        raise TypeError(
            f"{option} is {given!r}; exception classes are needed, such as {option}=(OSError, TimeoutError)"
        )
    return classes


def checked_trigger(trigger: Any) -> Trigger | None:
    """None is the rule that all must have completed. Raises TypeError for what cannot be called, or is async."""
    if trigger is not None and (not callable(trigger) or is_async(trigger)):
        raise TypeError(f"trigger is {trigger!r}; a plain function is needed, such as triggers.all_finished")
    checked: Trigger | None = trigger
    return checked
