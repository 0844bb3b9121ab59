"""Futures among what a run returns: their states take their places, and decide about the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.sdk.dependencies.annotations import Annotation, quote
from orchestrator.sdk.dependencies.futures import TaskFuture
from orchestrator.sdk.dependencies.inputs import find_futures
from orchestrator.sdk.engine.conversation import Conversation, WaitFor
from orchestrator.sdk.outcomes.reading import result_of
from orchestrator.sdk.outcomes.returned import state_for_value, together
from orchestrator.sdk.outcomes.states import State


def settle(value: Any) -> Conversation:
    """Wait for the futures in what a run returned; returns the run's final state.

    A future returned by itself decides as its state does. Of several, wherever they stand, all must have completed.
    """
    futures = find_futures(value)
    if not futures:
        return state_for_value(value)
    yield WaitFor(futures)
    settled = resolve_futures_to_states(value)
    final = state_for_value(settled)
    states = [future.state for future in futures]
    if final.is_completed() and not all(state.is_completed() for state in states):
        return together(states)
    return final


def resolve_futures_to_states(expr: Any) -> Any:
    """The value with every future in it replaced by the final state of its run, which is waited for.

    Looks into lists, tuples, sets, dictionaries and annotations, but not into what is quoted. A value without futures
    is returned as it is.
    """
    return _replaced(expr, _state_of) if find_futures(expr) else expr


def resolve_futures_to_results(expr: Any) -> Any:
    """The value with every future in it replaced by the result of its run, which is waited for; else as above.

    Raises what a run raised that did not complete.
    """
    return _replaced(expr, lambda future: result_of(_state_of(future))) if find_futures(expr) else expr


def _state_of(future: TaskFuture[Any]) -> State:
    future.wait()
    return future.state


def _replaced(value: Any, by: Callable[[TaskFuture[Any]], Any]) -> Any:
    if isinstance(value, TaskFuture):
        return by(value)
    if isinstance(value, Annotation):
        return value if isinstance(value, quote) else value.rewrap(_replaced(value.value, by))
    if type(value) is dict:
        return {key: _replaced(item, by) for key, item in value.items()}
    if not isinstance(value, (list, tuple, set, frozenset)):
        return value
    items = [_replaced(item, by) for item in value]
    if all(new is old for new, old in zip(items, value, strict=True)):
        return value
    if isinstance(value, list):
        return items
    return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
