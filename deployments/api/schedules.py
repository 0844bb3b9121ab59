"""Schedules of a deployment, and the runs that they plan."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, ClassVar
from uuid import UUID

from rest_framework.request import Request

from deployments.api import deployment_shapes as shapes
from deployments.api.answers import schedule_answer
from deployments.api.authors import author_of
from deployments.api.schedule_bodies import DeploymentScheduleCreate, DeploymentScheduleUpdate, FewEnough, RunsPlanned
from deployments.errors import DeploymentNotFound
from deployments.models import Deployment, DeploymentSchedule
from deployments.services.planned_runs import schedule_deployment_runs
from deployments.services.schedules import add_schedules, delete_schedule, update_schedule
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, no_content, takes

_NOT_FOUND = {DeploymentNotFound: "Deployment not found."}


class DeploymentSchedules(ApiView):
    not_found: ClassVar = _NOT_FOUND

    @answers(list[shapes.DeploymentSchedule])
    def get(self, request: Request, deployment_id: UUID) -> list[dict[str, Any]]:
        """The one that was changed last comes first."""
        if not Deployment.objects.filter(pk=deployment_id).exists():
            raise DeploymentNotFound
        rows = DeploymentSchedule.objects.filter(deployment=deployment_id).newest_first()
        return [schedule_answer(schedule) for schedule in rows]

    @takes(Annotated[list[DeploymentScheduleCreate], FewEnough])
    @answers(list[shapes.DeploymentSchedule], 201)
    def post(self, request: Request, deployment_id: UUID, body: list[DeploymentScheduleCreate]) -> JsonAnswer:
        made = add_schedules(
            deployment_id=deployment_id, schedules=[one.changes() for one in body], author=author_of(request)
        )
        return JsonAnswer([schedule_answer(schedule) for schedule in made], 201)


class DeploymentScheduleById(ApiView):
    not_found: ClassVar = _NOT_FOUND

    @takes(DeploymentScheduleUpdate)
    @answers(None, 204)
    def patch(
        self, request: Request, deployment_id: UUID, schedule_id: UUID, body: DeploymentScheduleUpdate
    ) -> JsonAnswer:
        update_schedule(
            deployment_id=deployment_id, schedule_id=schedule_id, changes=body.changes(), author=author_of(request)
        )
        return no_content()

    @answers(None, 204)
    def delete(self, request: Request, deployment_id: UUID, schedule_id: UUID) -> JsonAnswer:
        delete_schedule(deployment_id=deployment_id, schedule_id=schedule_id, author=author_of(request))
        return no_content()


class PlannedRuns(ApiView):
    @takes(RunsPlanned)
    @answers(Any)
    def post(self, request: Request, deployment_id: UUID, body: RunsPlanned) -> None:
        """Plan runs now, also for times that are past."""
        schedule_deployment_runs(
            deployment_id=deployment_id,
            start_time=body.start_time,
            end_time=body.end_time,
            min_time=None if body.min_time is None else timedelta(seconds=body.min_time),
            min_runs=body.min_runs,
            max_runs=body.max_runs,
        )
