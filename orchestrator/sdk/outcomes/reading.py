"""What a state has to give: the result of its run, or the exception in its place."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

from orchestrator.contract.states import State as ContractState
from orchestrator.contract.states import StateType
from orchestrator.sdk.callers import expects_awaitable
from orchestrator.sdk.errors import (
    CancelledRun,
    CrashedRun,
    FailedRun,
    MissingResult,
    PausedRun,
    RunError,
    StateError,
    UnfinishedRun,
)
from orchestrator.sdk.outcomes.missing import MISSING

if TYPE_CHECKING:
    from orchestrator.sdk.outcomes.states import State

_GROUPS = (list, tuple, set, frozenset)


def result_of(state: State, *, raise_on_failure: bool = True) -> Any:
    """As `State.result`, and always blocking: for a stored result, until it is read."""
    if state.type is StateType.COMPLETED:
        if state.outcome is not MISSING:
            return state.outcome
        if state.has_persisted_result:
            from orchestrator.sdk.results.store import stored_value

            return stored_value(state.data)
        raise MissingResult("The run completed, but its result is not in this process and was not stored.")
    if not state.is_terminal and not isinstance(state.outcome, RunError):
        kind = PausedRun if state.is_paused() else UnfinishedRun
        raise kind(f"The run has not ended yet; it is {state}.", state=state)
    if raise_on_failure:
        raise exception_of(state)
    if isinstance(state.outcome, _GROUPS):
        return state.outcome  # of several runs: each says for itself how it ended
    return exception_of(state)


def exception_of(state: State) -> BaseException:
    """What ended a run that did not complete: the exception, else a FailedRun, CrashedRun or CancelledRun."""
    outcome = state.outcome
    if isinstance(outcome, BaseException):
        return outcome
    for inner in outcome if isinstance(outcome, _GROUPS) else (outcome,):
        if isinstance(inner, ContractState) and inner.is_terminal and inner.type is not StateType.COMPLETED:
            return exception_of(cast("State", inner))
    kind: type[RunError] = _ERRORS.get(state.type, FailedRun)
    told = outcome if isinstance(outcome, str) else state.message
    return kind(told or f"The run ended as {state.name}.", state=state)


async def get_state_result(state: State, raise_on_failure: bool = True, retry_result_failure: bool = True) -> Any:
    """`State.result` as a coroutine function."""
    return await state.aresult(raise_on_failure, retry_result_failure=retry_result_failure)


def get_state_exception(state: State) -> Any:
    """What ended a run that did not complete, as `State.result` would raise it. In the code of an `async def` it gives
    an awaitable. Raises StateError for a state that is neither FAILED, CRASHED nor CANCELLED."""
    if expects_awaitable(sys._getframe(1)):
        return aget_state_exception(state)
    return _exception(state)


async def aget_state_exception(state: State) -> BaseException:
    """As `get_state_exception`, always a coroutine function."""
    return _exception(state)


def raise_state_exception(state: State) -> Any:
    """Raise what ended the run, if it is FAILED, CRASHED or CANCELLED; else do nothing. In the code of an `async def`
    it gives an awaitable."""
    if expects_awaitable(sys._getframe(1)):
        return araise_state_exception(state)
    if state.type in _ERRORS:
        raise exception_of(state)
    return None


async def araise_state_exception(state: State) -> None:
    """As `raise_state_exception`, always a coroutine function."""
    if state.type in _ERRORS:
        raise exception_of(state)


_ERRORS: dict[StateType, type[RunError]] = {
    StateType.FAILED: FailedRun,
    StateType.CRASHED: CrashedRun,
    StateType.CANCELLED: CancelledRun,
}


def _exception(state: State) -> BaseException:
    if state.type not in _ERRORS:
        raise StateError(f"Only a state that is FAILED, CRASHED or CANCELLED has an exception; this one is {state}")
    return exception_of(state)
