"""Deployments."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from deployments.api.answers import deployment_answer, with_queue
from deployments.api.bodies import DeploymentCreate, DeploymentRunCreate, DeploymentRunsAsked, DeploymentUpdate
from deployments.errors import DeploymentNotFound
from deployments.models import Deployment
from deployments.services.deployments import (
    apply_deployment,
    create_deployment_run,
    delete_deployment,
    update_deployment,
)
from deployments.services.hand_out import hand_out_to_runner
from orchestrator.rest.paging import checked_limit
from orchestrator.rest.views import ApiView, no_content, takes
from runs.api.answers import flow_run_answer, flow_run_answers


class Deployments(ApiView):
    @takes(DeploymentCreate)
    def post(self, request: Request, body: DeploymentCreate) -> Response:
        """Create the flow's deployment of this name, or change the one there is: only the keys that are sent."""
        deployment, created = apply_deployment(
            flow_id=body.flow_id, name=body.name, changes=body.changes(), defaults=body.defaults()
        )
        return Response(deployment_answer(deployment), 201 if created else 200)


class DeploymentByName(ApiView):
    def get(self, request: Request, flow_name: str, name: str) -> dict[str, Any]:
        return _found(Deployment.objects.filter(flow__name=flow_name, name=name))


class DeploymentById(ApiView):
    def get(self, request: Request, deployment_id: UUID) -> dict[str, Any]:
        return _found(Deployment.objects.filter(pk=deployment_id))

    @takes(DeploymentUpdate)
    def patch(self, request: Request, deployment_id: UUID, body: DeploymentUpdate) -> Response:
        update_deployment(deployment_id=deployment_id, changes=body.changes())
        return no_content()

    def delete(self, request: Request, deployment_id: UUID) -> Response:
        delete_deployment(deployment_id=deployment_id)
        return no_content()


class _Pausing(ApiView):
    paused: bool

    def post(self, request: Request, deployment_id: UUID) -> None:
        update_deployment(deployment_id=deployment_id, changes={"paused": self.paused})


class PauseDeployment(_Pausing):
    paused = True


class ResumeDeployment(_Pausing):
    paused = False


class DeploymentRuns(ApiView):
    @takes(DeploymentRunCreate)
    def post(self, request: Request, deployment_id: UUID, body: DeploymentRunCreate) -> Response:
        """Plan a run of the deployment, or answer the one with the same idempotency key."""
        run, created = create_deployment_run(deployment_id=deployment_id, **body.plan())
        return Response(flow_run_answer(run), 201 if created else 200)


class DeploymentSchedules(ApiView):
    def get(self, request: Request, deployment_id: UUID) -> list[Any]:
        """Schedules are not supported yet, so there are none."""
        _found(Deployment.objects.filter(pk=deployment_id))
        return []


class RunsForRunner(ApiView):
    @takes(DeploymentRunsAsked)
    def post(self, request: Request, body: DeploymentRunsAsked) -> list[dict[str, Any]]:
        """The waiting runs of some deployments, soonest first. Nothing is claimed."""
        runs = hand_out_to_runner(
            deployment_ids=body.deployment_ids,
            scheduled_before=body.scheduled_before,
            limit=checked_limit(body.limit),
        )
        return flow_run_answers(runs)


def _found(rows: Any) -> dict[str, Any]:
    deployment = with_queue(rows).first()
    if deployment is None:
        raise DeploymentNotFound
    return deployment_answer(deployment)
