"""How many values a task returns, for `first, second = split(rows)` inside a block."""

from __future__ import annotations

import inspect
from typing import Any, get_args, get_origin, get_type_hints


def number_of_results(task: Any) -> int | None:
    """`nout` of the task, else the length of the tuple that its return hint names; None when neither says it."""
    nout = getattr(task, "nout", None)
    if nout is not None:
        return int(nout)
    hint = _return_hint(task.fn)
    inside = get_args(hint)
    if get_origin(hint) is not tuple or Ellipsis in inside:
        return None
    return 0 if inside == ((),) else len(inside)


def _return_hint(fn: Any) -> Any:
    inner = inspect.unwrap(getattr(fn, "func", fn))
    hints = getattr(inner, "__annotations__", None) or {}
    try:
        return get_type_hints(inner).get("return")
    except Exception:  # noqa: BLE001 - a hint is any expression, so looking at it may raise anything
        return hints.get("return")
