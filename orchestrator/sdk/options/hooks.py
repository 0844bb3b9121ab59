"""What authors want to be called when something becomes of their runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.engine.either import wait_for_awaitable

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow import Flow
    from orchestrator.sdk.outcomes.states import State
    from orchestrator.sdk.tasks.task import Task

# Called with the flow or task, the run (`id`, `name`, `parameters`, … as attributes) and its state.
Hook = Callable[..., Any]

HOOK_OPTIONS = ("on_completion", "on_failure", "on_cancellation", "on_crashed", "on_running")
_BY_STATE = {
    "COMPLETED": "on_completion",
    "FAILED": "on_failure",
    "CRASHED": "on_crashed",
    "CANCELLED": "on_cancellation",
    "RUNNING": "on_running",
}


def checked_hooks(hooks: Iterable[Hook] | None, *, option: str) -> list[Hook]:
    """Raises TypeError for what is no list of functions."""
    if hooks is None:
        return []
    if callable(hooks) or isinstance(hooks, (str, bytes)) or not isinstance(hooks, Iterable):
        raise TypeError(f"{option} takes a list of functions: [{getattr(hooks, '__name__', 'function')}]")
    found = list(hooks)
    for hook in found:
        checked_hook(hook, option=option)
    return found


def checked_hook(hook: Any, *, option: str) -> Hook:
    """Raises TypeError for what cannot be called."""
    if not callable(hook):
        raise TypeError(f"{option} takes functions, and {hook!r} is none")
    found: Hook = hook
    return found


def hooks_for(runnable: Flow[Any, Any] | Task[Any, Any], state: State) -> tuple[str, list[Hook]]:
    """The option that holds the hooks of a state, such as `on_failure`, and the hooks themselves."""
    kind = _BY_STATE.get(state.type.value, "")
    hooks: list[Hook] = getattr(runnable, f"{kind}_hooks", [])
    return kind, hooks


def call_hooks(hooks: Iterable[Hook], *, kind: str, arguments: tuple[Any, ...], logger: Any) -> None:
    """Call each with `arguments`, one after the other, in this thread; what a coroutine function gives is awaited.

    `kind` is for the log: `on_failure`. A hook that fails is logged; it keeps neither the others from being called,
    nor the run from its state.
    """
    for hook in hooks:
        name = getattr(hook, "__name__", type(hook).__name__)
        logger.info(f"Calls hook {name!r} ({kind})")
        try:
            made = hook(*arguments)
            if hasattr(made, "__await__"):
                wait_for_awaitable(made)
        except Exception as error:
            logger.error(f"Hook {name!r} failed with {type(error).__name__}: {error}", exc_info=error)


def call_flow_hooks(flow: Flow[Any, Any], flow_run: dict[str, Any], state: State, *, logger: Any) -> None:
    """Call those that the flow has for this state. `flow_run` are the attributes of the run that they see."""
    kind, hooks = hooks_for(flow, state)
    if not hooks:
        return
    seen = {**flow_run, "state": state, "state_type": state.type, "state_name": state.name}
    call_hooks(hooks, kind=kind, arguments=(flow, SimpleNamespace(**seen), state), logger=logger)
