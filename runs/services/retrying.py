"""A run that has ended is begun again on purpose, under its own identity."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from runs.services.beginning_again import others_can_begin
from runs.services.transitions import Answer, locked_flow_run, propose_state_of_locked


class NotRetried(Exception):
    """The run cannot be begun again. The message says why."""


def retry_flow_run(*, flow_run_id: UUID, message: str) -> Answer:
    """Schedule it for now. Its tasks run anew, but for those whose results were kept.

    Raises RunNotFound, and NotRetried for a run that has not ended, or that nobody could begin again.
    """
    with transaction.atomic():
        run = locked_flow_run(flow_run_id)
        if not run.is_terminal:
            raise NotRetried(f"It is {run.state_name}, and only one that has ended can be begun again.")
        if not others_can_begin(run):
            raise NotRetried("It belongs to no deployment, so no worker would take it. Run its script again.")
        details = {"scheduled_time": format_time(now())}
        state = State(StateType.SCHEDULED, name="AwaitingRetry", message=message, details=details)
        return propose_state_of_locked(run, proposal=state, force=True)
