"""How many values a task returns, for `first, second = split(rows)` inside a block."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from orchestrator.sdk.type_hints.reading import return_hint


def number_of_results(task: Any) -> int | None:
    """`nout` of the task, else the length of the tuple that its return hint names; None when neither says it."""
    nout = getattr(task, "nout", None)
    if nout is not None:
        return int(nout)
    hint = return_hint(task.fn)
    inside = get_args(hint)
    if get_origin(hint) is not tuple or Ellipsis in inside:
        return None
    return 0 if inside == ((),) else len(inside)
