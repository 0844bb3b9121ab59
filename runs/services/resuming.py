"""Letting a paused run go on."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from orchestrator.contract.states import State, StateType, Status
from runs.errors import UpdateRefused
from runs.services.transitions import Answer, locked_flow_run, propose_state_of_locked


def resume_flow_run(*, flow_run_id: UUID) -> Answer:
    """A run that waits in its process is RUNNING again; one that was suspended is scheduled for now.

    A run that is not paused stays as it is: ABORT, without a state. Raises RunNotFound, and UpdateRefused for a pause
    that waits for input, which cannot be given yet.
    """
    with transaction.atomic():
        run = locked_flow_run(flow_run_id)
        paused = run.current_state
        if paused is None or paused.type is not StateType.PAUSED:
            return Answer(Status.ABORT, None, reason="The run is not paused, so it cannot be resumed.")
        if paused.details.get("run_input_keyset"):
            raise UpdateRefused("The run waits for input, which this server does not take yet.")
        suspended = paused.details.get("pause_reschedule")
        proposal = State(type=StateType.SCHEDULED, name="Resuming") if suspended else State(type=StateType.RUNNING)
        return propose_state_of_locked(run, proposal=proposal)
