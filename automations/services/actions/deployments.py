"""Running a deployment because something happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from automations.errors import ActionFailed
from automations.services.actions.occasions import Occasion
from automations.services.actions.templates import fill_in
from deployments.errors import DeploymentsError
from deployments.services.deployment_runs import RunRequest, create_deployment_run
from orchestrator.contract.events import resource
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time
from orchestrator.rest.value_schemas import BadSchema
from orchestrator.store.errors import HydrationFailed
from runs.errors import RunsError


def fill_in_parameters(action: dict[str, Any], occasion: Occasion) -> dict[str, Any]:
    """The action with its templates filled in. Raises ActionFailed."""
    return {**action, "parameters": fill_in(action.get("parameters") or {}, occasion)}


def run_deployment(action: dict[str, Any], occasion: Occasion) -> list[dict[str, str]]:
    """Due `schedule_after` seconds after the trigger fired, with parameters that are filled in already.

    Tried again, it is the same run.
    """
    deployment_id = occasion.target(action, "deployment", "deployment_id")
    try:
        due = occasion.firing.fired_at + timedelta(seconds=action.get("schedule_after") or 0.0)
    except OverflowError:
        raise ActionFailed("The run would be due after the end of the calendar.") from None
    request = RunRequest(
        state=State(StateType.SCHEDULED, details={"scheduled_time": format_time(due)}),
        parameters=action.get("parameters") or {},
        job_variables=action.get("job_variables") or {},
        idempotency_key=occasion.key,
    )
    try:
        run, _ = create_deployment_run(deployment_id=deployment_id, request=request, created_by=occasion.author)
    except (DeploymentsError, RunsError, BadSchema, HydrationFailed) as error:
        raise ActionFailed(str(error)) from None
    return [
        resource("deployment", deployment_id, role="target"),
        resource("flow-run", run.pk, name=run.name, role="flow-run"),
    ]
