"""Deployments and their schedules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.sdk.errors import FilterError
from orchestrator.sdk.server_client.bodies import DeploymentScheduleCreate, DeploymentScheduleUpdate, DeploymentUpdate
from orchestrator.sdk.server_client.calls.core import Calls, Given, Id, ident, part, said, search
from orchestrator.sdk.server_client.records import DeploymentResponse, DeploymentSchedule, FlowRun, Record
from orchestrator.sdk.values.json_values import to_json

# What can be said about a schedule; the server tells more about one that it has.
_OF_SCHEDULES = frozenset(
    {"schedule", "active", "slug", "parameters", "max_scheduled_runs", "cron", "day_or", "interval", "rrule"}
    | {"anchor_date", "timezone"}
)


class DeploymentCalls(Calls):
    """What can be asked about deployments."""

    def create_deployment(self, flow_id: Id, name: str, **fields: Any) -> UUID:
        """The id of the deployment of this flow and name; one that is there gets what is given here.

        Fields are those of the API: `entrypoint`, `path`, `parameters`, `schedules`, `tags`, `work_pool_name`, …
        For a flow of this process `flow.deploy()` does more.
        """
        body = {"flow_id": ident(flow_id), "name": name, **said(**to_json(_with_schedules(fields)))}
        return self._made("/deployments/", body)

    def read_deployment(self, deployment_id: Id) -> DeploymentResponse:
        """The deployment. Raises ObjectNotFound."""
        return self._one(DeploymentResponse, "GET", f"/deployments/{ident(deployment_id)}")

    def read_deployment_by_name(self, name: str) -> DeploymentResponse:
        """The deployment `flow/deployment`. Raises ObjectNotFound, FilterError for a name of another form."""
        flow_name, slash, deployment_name = name.partition("/")
        if not (slash and flow_name and deployment_name):
            raise FilterError(f"{name!r} names no deployment; 'flow name/deployment name' is needed")
        return self._one(DeploymentResponse, "GET", f"/deployments/name/{part(flow_name)}/{part(deployment_name)}")

    def read_deployments(
        self,
        *,
        flow_filter: Given | None = None,
        flow_run_filter: Given | None = None,
        task_run_filter: Given | None = None,
        deployment_filter: Given | None = None,
        work_pool_filter: Given | None = None,
        work_queue_filter: Given | None = None,
        limit: int | None = None,
        sort: str | None = None,
        offset: int = 0,
    ) -> list[DeploymentResponse]:
        """The deployments that all the filters mean."""
        body = search(
            flow_filter=flow_filter,
            flow_run_filter=flow_run_filter,
            task_run_filter=task_run_filter,
            deployment_filter=deployment_filter,
            work_pool_filter=work_pool_filter,
            work_queue_filter=work_queue_filter,
            sort=sort,
            limit=limit,
            offset=offset,
        )
        return self._many(DeploymentResponse, "POST", "/deployments/filter", body)

    def update_deployment(self, deployment_id: Id, deployment: Given) -> None:
        """Change what is given: a DeploymentUpdate, or a dict of its fields. `schedules` take the place of all."""
        form = DeploymentUpdate.of(deployment, name="deployment")
        body = form.model_dump() | to_json(_with_schedules({"schedules": form.schedules} if form.schedules else {}))
        self._done("PATCH", f"/deployments/{ident(deployment_id)}", body)

    def pause_deployment(self, deployment_id: Id) -> None:
        """Make no runs from its schedules until it is resumed."""
        self._done("POST", f"/deployments/{ident(deployment_id)}/pause_deployment")

    def resume_deployment(self, deployment_id: Id) -> None:
        """Make runs from its schedules again."""
        self._done("POST", f"/deployments/{ident(deployment_id)}/resume_deployment")

    def set_deployment_paused_state(self, deployment_id: Id, paused: bool) -> None:
        """Pause or resume the deployment."""
        self._done("PATCH", f"/deployments/{ident(deployment_id)}", {"paused": paused})

    def delete_deployment(self, deployment_id: Id) -> None:
        """Delete the deployment; its runs stay. Raises ObjectNotFound."""
        self._done("DELETE", f"/deployments/{ident(deployment_id)}")

    def get_scheduled_flow_runs_for_deployments(
        self, deployment_ids: Iterable[Id], scheduled_before: datetime | None = None, limit: int | None = None
    ) -> list[FlowRun]:
        """The runs of these deployments that wait for their time."""
        body = said(
            deployment_ids=[ident(each) for each in deployment_ids],
            scheduled_before=to_json(scheduled_before),
            limit=limit,
        )
        return self._many(FlowRun, "POST", "/deployments/get_scheduled_flow_runs", body)

    def read_deployment_schedules(self, deployment_id: Id) -> list[DeploymentSchedule]:
        """Its schedules."""
        return self._many(DeploymentSchedule, "GET", f"/deployments/{ident(deployment_id)}/schedules")

    def create_deployment_schedules(self, deployment_id: Id, schedules: Iterable[Any]) -> list[DeploymentSchedule]:
        """Add schedules: `Cron(…)`, `Interval(…)`, `RRule(…)`, dicts, or pairs of one and whether it is active.

        Raises DeploymentError for what is no schedule.
        """
        body = [_schedule(each) for each in schedules]
        return self._many(DeploymentSchedule, "POST", f"/deployments/{ident(deployment_id)}/schedules", body)

    def update_deployment_schedule(
        self,
        deployment_id: Id,
        schedule_id: Id,
        active: bool | None = None,
        schedule: Any = None,
        max_scheduled_runs: int | None = None,
        parameters: Mapping[str, Any] | None = None,
        slug: str | None = None,
    ) -> None:
        """Change what is given; None leaves it as it is."""
        body = said(
            active=active,
            schedule=_schedule(schedule)["schedule"] if schedule is not None else None,
            max_scheduled_runs=max_scheduled_runs,
            parameters=parameters,
            slug=slug,
        )
        self._done("PATCH", f"/deployments/{ident(deployment_id)}/schedules/{ident(schedule_id)}", body)

    def delete_deployment_schedule(self, deployment_id: Id, schedule_id: Id) -> None:
        """Delete a schedule; runs that it has made already go with it unless they have begun. Raises ObjectNotFound."""
        self._done("DELETE", f"/deployments/{ident(deployment_id)}/schedules/{ident(schedule_id)}")


def _with_schedules(fields: dict[str, Any]) -> dict[str, Any]:
    given = fields.get("schedules")
    return fields if given is None else {**fields, "schedules": [_schedule(each) for each in given]}


def _schedule(given: Any) -> dict[str, Any]:
    from orchestrator.sdk.deployments.schedules import schedule_body

    if isinstance(given, tuple) and len(given) == 2:
        return {**_schedule(given[0]), "active": bool(given[1])}
    if isinstance(given, (DeploymentScheduleCreate, DeploymentScheduleUpdate)):
        given = {**given.model_dump(), "schedule": given.schedule}
    if isinstance(given, Record):
        given = {name: value for name, value in given.model_dump(exclude_none=True).items() if name in _OF_SCHEDULES}
    return schedule_body(given)
