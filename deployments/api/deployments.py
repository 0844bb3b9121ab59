"""Deployments."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from rest_framework.request import Request

from deployments.api import deployment_shapes as shapes
from deployments.api.answers import deployment_answers, plain_queue_answer
from deployments.api.authors import author_of
from deployments.api.deployment_bodies import DeploymentCreate, DeploymentRunsAsked, DeploymentUpdate
from deployments.api.filters import DEPLOYMENTS
from deployments.api.pool_shapes import PlainWorkQueue
from deployments.errors import DeploymentNotFound
from deployments.models import Deployment
from deployments.services.deployments import (
    apply_deployment,
    delete_deployment,
    delete_deployments,
    pause_deployment,
    resume_deployment,
    update_deployment,
)
from deployments.services.hand_out import hand_out_to_runner
from deployments.services.queue_choice import queues_for_deployment
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.paging import checked_limit
from orchestrator.rest.search import body_with, narrow
from orchestrator.rest.views import ApiView, answers, no_content, takes
from runs.api.answers import flow_run_answers
from runs.api.shapes import FlowRunResponse

MOST = 50  # deployments that one request deletes

_DELETE = (("limit", Annotated[int, Field(ge=1, le=MOST)], MOST),)


class Deployments(ApiView):
    @takes(DeploymentCreate)
    @answers(shapes.DeploymentResponse, 200, 201)
    def post(self, request: Request, body: DeploymentCreate) -> JsonAnswer:
        """Create the flow's deployment of this name, or change the one there is: only the keys that are sent."""
        deployment, created = apply_deployment(
            flow_id=body.flow_id,
            name=body.name,
            changes=body.changes(),
            labels=body.labels,
            schedules=body.schedule_columns(),
            defaults=body.defaults(),
            version_info=body.told_version_info(),
            author=author_of(request),
        )
        return JsonAnswer(_found(Deployment.objects.filter(pk=deployment.pk)), 201 if created else 200)


class DeploymentByName(ApiView):
    @answers(shapes.DeploymentResponse)
    def get(self, request: Request, flow_name: str, name: str) -> dict[str, Any]:
        return _found(Deployment.objects.filter(flow__name=flow_name, name=name))


class DeploymentById(ApiView):
    @answers(shapes.DeploymentResponse)
    def get(self, request: Request, deployment_id: UUID) -> dict[str, Any]:
        return _found(Deployment.objects.filter(pk=deployment_id))

    @takes(DeploymentUpdate)
    @answers(None, 204)
    def patch(self, request: Request, deployment_id: UUID, body: DeploymentUpdate) -> JsonAnswer:
        update_deployment(
            deployment_id=deployment_id,
            changes=body.changes(),
            schedules=body.schedule_columns(),
            version_info=body.told_version_info(),
            author=author_of(request),
        )
        return no_content()

    @answers(None, 204)
    def delete(self, request: Request, deployment_id: UUID) -> JsonAnswer:
        delete_deployment(deployment_id=deployment_id)
        return no_content()


class BulkDeleteDeployments(ApiView):
    @takes(lambda view: body_with(DEPLOYMENTS, "BulkDelete", _DELETE, alongside=()))
    @answers(shapes.DeploymentBulkDeleteResponse)
    def post(self, request: Request, body: Any) -> dict[str, Any]:
        first = narrow(DEPLOYMENTS, body).order_by("name", "pk").values_list("pk", flat=True)[: body.limit]
        return {"deleted": delete_deployments(deployment_ids=list(first))}


class PauseDeployment(ApiView):
    @answers(Any)
    def post(self, request: Request, deployment_id: UUID) -> None:
        pause_deployment(deployment_id=deployment_id, author=author_of(request))


class ResumeDeployment(ApiView):
    @answers(Any)
    def post(self, request: Request, deployment_id: UUID) -> None:
        resume_deployment(deployment_id=deployment_id)


class QueuesForDeployment(ApiView):
    @answers(list[PlainWorkQueue])
    def get(self, request: Request, deployment_id: UUID) -> list[dict[str, Any]]:
        """The queues whose filter lets the deployment's runs pass. Most queues have none."""
        return [plain_queue_answer(queue) for queue in queues_for_deployment(deployment_id=deployment_id)]


class RunsForRunner(ApiView):
    @takes(DeploymentRunsAsked)
    @answers(list[FlowRunResponse])
    def post(self, request: Request, body: DeploymentRunsAsked) -> list[dict[str, Any]]:
        """The waiting runs of some deployments, soonest first. Nothing is claimed."""
        runs = hand_out_to_runner(
            deployment_ids=body.deployment_ids,
            scheduled_before=body.scheduled_before,
            limit=checked_limit(body.limit),
        )
        return flow_run_answers(runs)


def _found(rows: Any) -> dict[str, Any]:
    found = deployment_answers(rows[:1])
    if not found:
        raise DeploymentNotFound
    return found[0]
