"""What authors want to be called when something becomes of their runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.sdk.flows import Flow
    from orchestrator.sdk.states import State

# Called with the flow, the run (`id`, `name`, `parameters`, … as attributes) and its state.
FlowHook = Callable[..., Any]


def checked_hooks(hooks: Iterable[FlowHook] | None, *, option: str) -> list[FlowHook]:
    """Raises TypeError for what is no list of functions."""
    if hooks is None:
        return []
    if callable(hooks) or isinstance(hooks, (str, bytes)):
        raise TypeError(f"{option} takes a list of functions: [{getattr(hooks, '__name__', 'function')}]")
    found = list(hooks)
    for hook in found:
        if not callable(hook):
            raise TypeError(f"{option} takes functions, and {hook!r} is none")
    return found


def call_cancellation_hooks(flow: Flow[Any, Any], flow_run: dict[str, Any], state: State, *, logger: Any) -> None:
    """Call them one after the other, in this thread. One that fails is logged, and does not keep the others."""
    run = SimpleNamespace(**flow_run)
    for hook in flow.on_cancellation:
        name = getattr(hook, "__name__", type(hook).__name__)
        logger.info(f"Calls hook {name!r}, because the run was cancelled")
        try:
            made = hook(flow, run, state)
            if hasattr(made, "__await__"):
                _wait_for(made)
        except Exception as error:
            logger.error(f"Hook {name!r} failed with {type(error).__name__}: {error}", exc_info=error)


def _wait_for(awaitable: Any) -> None:
    """Also inside a running event loop, whose thread must not be blocked by itself: in another thread then."""
    import asyncio
    import threading

    async def awaited() -> None:
        await awaitable

    errors: list[Exception] = []

    def run() -> None:
        try:
            asyncio.run(awaited())
        except Exception as error:  # noqa: BLE001 - raised again below, in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name="orchestrator-hook")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
