"""The hints of a function, as types."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Parameter name → type, without `return`. A hint that cannot be resolved, such as a name that is imported for type
    checkers only, is left out; the others stay."""
    inner = _unwrapped(function)
    annotations = dict(getattr(inner, "__annotations__", None) or {})
    annotations.pop("return", None)
    if not annotations:
        return {}
    try:
        found = get_type_hints(inner, include_extras=True)
    except Exception:  # noqa: BLE001 - a hint is any expression, so looking at it may raise anything
        found = _one_by_one(inner, annotations)
    found.pop("return", None)
    return found


def return_hint(function: Callable[..., Any]) -> Any:
    """What the function returns; None when its hint does not say so, or cannot be resolved."""
    inner = _unwrapped(function)
    try:
        return get_type_hints(inner).get("return")
    except Exception:  # noqa: BLE001 - as above
        return (getattr(inner, "__annotations__", None) or {}).get("return")


def inner_hint(hint: Any) -> Any:
    """What stands behind an alias, a new type, or a word about a type such as Annotated, Final and Required."""
    if hasattr(hint, "__metadata__"):
        return hint.__origin__
    for attribute in ("__supertype__", "__value__"):  # of NewType, and of `type X = …`
        found = getattr(hint, attribute, None)
        if found is not None and not isinstance(hint, type):
            return found
    if str(get_origin(hint)).rpartition(".")[2] in ("Required", "NotRequired", "ReadOnly", "Final", "ClassVar"):
        return get_args(hint)[0]
    return None


@lru_cache(maxsize=256)
def field_hints(kind: Any) -> dict[str, Any]:
    """Field name → type, of a class. All of them allow everything when one of them cannot be resolved."""
    try:
        return get_type_hints(kind, include_extras=True)
    except Exception:  # noqa: BLE001 - as above
        return dict.fromkeys(getattr(kind, "__annotations__", {}), Any)


def required_keys(kind: Any) -> set[str]:
    """The keys that a typed dictionary must have. Python itself does not see `NotRequired` in a hint that is a text."""
    hints = field_hints(kind)
    required = {name for name in kind.__required_keys__ if get_origin(hints[name]) is not NotRequired}
    return required | {name for name, hint in hints.items() if get_origin(hint) is Required}


def described(hint: Any) -> str:
    """A type as a reader says it: `int`, `list[int]`, `datetime or None`, `one of 'a', 'b'`."""
    if hint is None or hint is type(None):
        return "None"
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(described(each) for each in arguments)
    if origin is Literal:
        return "one of " + ", ".join(repr(each) for each in arguments)
    if hasattr(hint, "__metadata__"):
        return described(arguments[0])
    if arguments and isinstance(origin, type):
        return f"{origin.__name__}[{', '.join('…' if each is ... else described(each) for each in arguments)}]"
    if isinstance(hint, type) and hasattr(hint, "__members__"):
        return f"{hint.__name__} ({', '.join(repr(member.value) for member in hint.__members__.values())})"
    return getattr(hint, "__name__", None) or str(hint).removeprefix("typing.")


def _unwrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    inner = inspect.unwrap(getattr(function, "func", function))  # of a functools.partial
    if not hasattr(inner, "__annotations__") and callable(inner):
        inner = type(inner).__call__
    return getattr(inner, "__func__", inner)


def _one_by_one(function: Callable[..., Any], annotations: dict[str, Any]) -> dict[str, Any]:
    names = {**getattr(function, "__globals__", {}), **_closure(function)}
    found: dict[str, Any] = {}
    for name, hint in annotations.items():
        holder = types.SimpleNamespace(__annotations__={name: hint})
        try:
            found |= get_type_hints(holder, globalns=names, include_extras=True)
        except Exception:  # noqa: BLE001 - as above
            continue
    return found


def _closure(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return dict(inspect.getclosurevars(function).nonlocals)
    except (TypeError, ValueError):
        return {}
