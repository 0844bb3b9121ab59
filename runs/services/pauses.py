"""Pauses that nobody ended in time end the run."""

from __future__ import annotations

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from runs.models import FlowRun, StateDeadline
from runs.services.overdue import has_due, look_after_due
from runs.services.transitions import propose_state_of_locked

MESSAGE = "The flow was paused and never resumed."


def has_expired_pauses() -> bool:
    """Whether `expire_pauses` has runs to look at."""
    return has_due(StateDeadline.Kind.PAUSE)


def expire_pauses() -> int:
    """Let the runs fail whose pause is over, a batch of them. Returns how many."""
    return look_after_due(StateDeadline.Kind.PAUSE, _expire)


def _expire(run: FlowRun, deadline: StateDeadline) -> bool:
    state = run.current_state
    if state is None or state.type is not StateType.PAUSED or not deadline.is_about(state.id):
        return False
    if state.pause_timeout is None or state.pause_timeout > now():
        return False
    proposal = State(StateType.FAILED, message=MESSAGE)
    return propose_state_of_locked(run, proposal=proposal, force=True).written
