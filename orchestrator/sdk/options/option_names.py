"""The options of decorators by name, also as earlier versions of Prefect spell them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

# how others spell an option -> ours
SPELLINGS = {
    "max_retries": "retries",
    "retry_delay": "retry_delay_seconds",
    "timeout": "timeout_seconds",
    "log_stdout": "log_prints",
    "log_print": "log_prints",
    "checkpoint": "persist_result",
    "result_storage_block": "result_storage",
    "cache_for": "cache_expiration",
    "should_validate_parameters": "validate_parameters",
    "run_name": "flow_run_name",
    "runner": "task_runner",
    "on_cancelled": "on_cancellation",
    "on_crash": "on_crashed",
    "on_complete": "on_completion",
}


def accepted_options(options: dict[str, Any], *, known: Collection[str], what: str) -> dict[str, Any]:
    """The options under our names, durations as seconds. `what` is said in messages: `a flow`.

    Raises TypeError for an option that there is not, naming the nearest, and for one that is given twice.
    """
    accepted: dict[str, Any] = {}
    for name, value in options.items():
        ours = name if name in known else SPELLINGS.get(name, name)
        if ours not in known:
            raise TypeError(f"{what} has no option {name!r}{_nearest(name, known)}")
        if ours in accepted:
            raise TypeError(f"{what} is given {ours!r} twice, also spelled {name!r}")
        accepted[ours] = as_seconds(value) if ours.endswith("_seconds") else value
    return accepted


def as_seconds(value: Any) -> Any:
    """A timedelta as seconds; anything else as it is."""
    return value.total_seconds() if isinstance(value, timedelta) else value


def decorated(make: Callable[..., Any], fn: Any, *, known: Collection[str], kind: str, options: dict[str, Any]) -> Any:
    """What `@kind`, `@kind(…)` and `@kind("a name", …)` give. The options are looked at before there is a function."""
    what = f"A {kind}"
    if isinstance(fn, str):
        if "name" in options:
            raise TypeError(f"{what} is given 'name' twice")
        fn, options = None, {"name": fn, **options}
    accepted = accepted_options(options, known=known, what=what)
    if fn is None:
        return lambda function: make(function, **accepted)
    return make(fn, **accepted)


def _nearest(name: str, known: Collection[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(sorted(known))}"
