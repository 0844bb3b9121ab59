"""Options and functions of flows and tasks, checked where they are written."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_COROUTINE_FUNCTION = 0x80
_GENERATOR_FUNCTIONS = 0x20 | 0x200


def checked_function(fn: Any, *, kind: str) -> Callable[..., Any]:
    """Raises TypeError for what cannot be called, and for generator functions: their body would run too late."""
    if isinstance(fn, (staticmethod, classmethod)):
        raise TypeError(f"put @{type(fn).__name__} above @{kind}, not below it")
    if not callable(fn):
        raise TypeError(f"@{kind} needs a function; got {fn!r}. Options are given by name: @{kind}(name=…)")
    code = getattr(fn, "__code__", None)
    if code is not None and code.co_flags & _GENERATOR_FUNCTIONS:
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
    inner = getattr(fn, "func", fn)  # of a functools.partial
    code = getattr(inner, "__code__", None)
    return bool(code is not None and code.co_flags & _COROUTINE_FUNCTION)


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
