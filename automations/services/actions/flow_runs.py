"""Changing the flow run that an event is about."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from automations.errors import ActionFailed
from automations.services.actions.occasions import Occasion
from orchestrator.contract.events import resource
from orchestrator.contract.states import State, StateType, Status
from runs.errors import RunsError
from runs.orchestration.transition import RunKind
from runs.services.flow_runs import delete_flow_run
from runs.services.transitions import propose_state

Related = list[dict[str, str]]


def cancel(action: dict[str, Any], occasion: Occasion) -> Related:
    run_id = occasion.inferred("flow-run")
    message = f"Cancelled by automation {occasion.automation.name!r}."
    _propose(run_id, State(StateType.CANCELLING, message=message), force=False)
    return _about(run_id)


def change_state(action: dict[str, Any], occasion: Occasion) -> Related:
    run_id = occasion.inferred("flow-run")
    message = action.get("message") or f"State changed by automation {occasion.automation.name!r}."
    state = State(StateType(action["state"]), name=action.get("name") or "", message=message)
    _propose(run_id, state, force=bool(action.get("force")))
    return _about(run_id)


def delete(action: dict[str, Any], occasion: Occasion) -> Related:
    run_id = occasion.inferred("flow-run")
    try:
        delete_flow_run(flow_run_id=run_id)
    except RunsError as error:
        raise ActionFailed(str(error)) from None
    return _about(run_id)


def _propose(run_id: UUID, state: State, *, force: bool) -> None:
    try:
        answer = propose_state(kind=RunKind.FLOW_RUN, run_id=run_id, proposal=state, force=force)
    except RunsError as error:
        raise ActionFailed(str(error)) from None
    if answer.status is not Status.ACCEPT:
        raise ActionFailed(f"The flow run did not become {state.name}: {answer.reason or answer.status.value}")


def _about(run_id: UUID) -> Related:
    return [resource("flow-run", run_id, role="target")]
