"""What a returned value means for the run that returned it."""

from __future__ import annotations

from typing import Any

from orchestrator.contract.states import StateType
from orchestrator.sdk.outcomes.states import MISSING, State


def state_for_value(value: Any) -> State:
    """The final state of a run that returned `value`.

    A state decides by itself. A list, tuple or set of nothing but states decides together: all must have completed.
    Any other value completes the run.
    """
    if isinstance(value, State):
        return _anew(value)
    if type(value) in (list, tuple, set, frozenset) and value and all(isinstance(item, State) for item in value):
        return together(value)
    return State(type=StateType.COMPLETED, outcome=value)


def _anew(state: State) -> State:
    """The same state as one of another run: own id and time, no reference to where it came from."""
    if not state.is_terminal:
        unended = state.message or f"The run returned the state {state}, which is no end."
        return State(type=StateType.FAILED, name="Failed", message=str(unended), outcome=state.outcome)
    # Authors also pass an exception as the message, and mean its text.
    message = None if state.message is None else str(state.message)
    stored = state.data if state.outcome is MISSING else None
    return State(type=state.type, name=state.name, message=message, data=stored, outcome=state.outcome)


def together(states: Any) -> State:
    """The final state of a run that is decided by these."""
    bad = [state for state in states if not state.is_completed()]
    if not bad:
        return State(type=StateType.COMPLETED, message="All returned states completed.", outcome=states)
    stopped = [state for state in bad if state.type in (StateType.CRASHED, StateType.CANCELLED)]
    kind = stopped[0].type if len(stopped) == len(bad) == len(states) else StateType.FAILED
    return State(type=kind, message=f"{len(bad)} of {len(states)} returned states did not complete.", outcome=states)
