"""Options and functions of flows and tasks, checked where they are written."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_ASYNC_FUNCTIONS = 0x80 | 0x200
_GENERATOR_FUNCTIONS = 0x20 | 0x200


def checked_function(fn: Any, *, kind: str, generators: bool = False) -> Callable[..., Any]:
    """Raises TypeError for what cannot be called, and for generator functions, unless `generators` are expected."""
    if isinstance(fn, (staticmethod, classmethod)):
        raise TypeError(f"put @{type(fn).__name__} above @{kind}, not below it")
    if not callable(fn):
        raise TypeError(f"@{kind} needs a function; got {fn!r}. Options are given by name: @{kind}(name=…)")
    code = getattr(fn, "__code__", None)
    if not generators and code is not None and code.co_flags & _GENERATOR_FUNCTIONS:
        raise TypeError(f"{kind} {fn.__name__!r}: a generator function cannot be a {kind}; return a list instead")
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


def checked_timeout(seconds: Any) -> float | None:
    """None is no limit. Raises ValueError unless it is a number above 0."""
    if seconds is None:
        return None
    if not isinstance(seconds, (int, float)) or seconds <= 0:
        raise ValueError(f"timeout_seconds is {seconds!r}; a number above 0 is needed, or None for no limit")
    return float(seconds)
