"""Note with a flow run's new state what has to be looked after if it lasts."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from orchestrator.contract.states import State, StateType
from orchestrator.statements.writing import insert_rows
from runs.models import FlowRun, StateDeadline

# Whoever executes a cancelled run ends what it began by itself, and reports it: it is given the time to.
CHILDREN_AFTER = timedelta(seconds=10)


def set_deadline(run: FlowRun, state: State) -> None:
    """In the transaction that writes `state`. Most states have none, and cost nothing."""
    found = _deadline_of(state)
    if found is not None:
        kind, at = found
        insert_rows([StateDeadline(flow_run_id=run.pk, state_id=state.id, kind=kind, at=at)])


def _deadline_of(state: State) -> tuple[StateDeadline.Kind, datetime] | None:
    if state.type is StateType.PAUSED and state.pause_timeout is not None:
        return StateDeadline.Kind.PAUSE, state.pause_timeout
    if state.type is StateType.CANCELLING:
        return StateDeadline.Kind.CANCELLING, state.timestamp + timedelta(seconds=settings.CANCELLING_TIMEOUT_SECONDS)
    if state.type is StateType.CANCELLED:
        return StateDeadline.Kind.CHILDREN, state.timestamp + CHILDREN_AFTER
    return None
