"""The options of decorators by name, also as earlier versions of Prefect spell them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

from orchestrator.sdk.values.nearest import instead_of

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
    "executor": "task_runner",
    "runner": "task_runner",
    "on_cancelled": "on_cancellation",
    "on_crash": "on_crashed",
    "on_complete": "on_completion",
}
_SPELLINGS_BY_KIND = {"flow": {"run_name": "flow_run_name"}, "task": {"run_name": "task_run_name"}}

_WHERE_IT_RUNS = "where runs execute is said when deploying: flow.deploy(…, work_pool_name=…, job_variables={{…}})"
_HOOKS = (
    "write on_running=[…], on_completion=[…], on_failure=[…], …: functions that are called with the {kind}, the run "
    "and its state"
)
# options of others that there are not -> what to do instead
_INSTEAD = {
    "run_config": _WHERE_IT_RUNS,
    "environment": _WHERE_IT_RUNS,
    "storage": "where workers find the code is said when deploying: flow.from_source(…), or flow.deploy(…)",
    "result": "write result_storage=…, a path, an address or a block",
    "result_handler": "write result_storage=… and result_serializer=…",
    "target": "write result_storage_key=…, a text with {{parameters[x]}}",
    "cache_validator": "write cache_policy=… or cache_key_fn=…, and cache_expiration=…",
    "cache_key": "write cache_key_fn=lambda context, parameters: 'the key'",
    "state_handlers": _HOOKS,
    "terminal_state_handler": _HOOKS,
}


def accepted_options(options: dict[str, Any], *, known: Collection[str], kind: str) -> dict[str, Any]:
    """The options under our names, durations as seconds. `kind` is said in messages: `flow`.

    Raises TypeError for an option that there is not, saying what to write instead or naming the nearest, and for one
    that is given twice.
    """
    what = f"A {kind}"
    spellings = {**SPELLINGS, **_SPELLINGS_BY_KIND.get(kind, {})}
    accepted: dict[str, Any] = {}
    for name, value in options.items():
        ours = name if name in known else spellings.get(name, name)
        if ours not in known:
            raise TypeError(f"{what} has no option {name!r}{_instead(name, known, kind)}")
        if ours in accepted:
            raise TypeError(f"{what} is given {ours!r} twice, also spelled {name!r}")
        accepted[ours] = as_seconds(value) if ours.endswith("_seconds") else value
    return accepted


def as_seconds(value: Any) -> Any:
    """A timedelta as seconds; anything else as it is."""
    return value.total_seconds() if isinstance(value, timedelta) else value


def decorated(make: Callable[..., Any], fn: Any, *, known: Collection[str], kind: str, options: dict[str, Any]) -> Any:
    """What `@kind`, `@kind(…)` and `@kind("a name", …)` give. The options are looked at before there is a function."""
    if isinstance(fn, str):
        if "name" in options:
            raise TypeError(f"A {kind} is given 'name' twice")
        fn, options = None, {"name": fn, **options}
    accepted = accepted_options(options, known=known, kind=kind)
    if fn is None:
        return lambda function: make(function, **accepted)
    return make(fn, **accepted)


def _instead(name: str, known: Collection[str], kind: str) -> str:
    if name in _INSTEAD:
        return f"; {_INSTEAD[name].format(kind=kind)}"
    return instead_of(name, known, cutoff=0.7)
