"""Runs of a deployment that somebody asks for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from deployments.api import deployment_shapes as shapes
from deployments.api.deployment_bodies import DeploymentFlowRunCreate
from deployments.services.deployment_runs import (
    MOST,
    Outcome,
    create_deployment_run,
    create_deployment_runs,
)
from orchestrator.rest.errors import Refused
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, takes
from runs.api.answers import flow_run_answer
from runs.api.creators import created_by
from runs.api.shapes import FlowRunResponse


class DeploymentRuns(ApiView):
    @takes(DeploymentFlowRunCreate, needed=True)
    @answers(FlowRunResponse, 200, 201)
    def post(self, request: Request, deployment_id: UUID, body: DeploymentFlowRunCreate) -> JsonAnswer:
        """Plan a run of the deployment, or answer the one with the same idempotency key."""
        run, created = create_deployment_run(
            deployment_id=deployment_id, request=body.request(), created_by=created_by(request)
        )
        return JsonAnswer(flow_run_answer(run), 201 if created else 200)


class ManyDeploymentRuns(ApiView):
    @takes(list[DeploymentFlowRunCreate])
    @answers(shapes.FlowRunBulkCreateResponse)
    def post(self, request: Request, deployment_id: UUID, body: list[DeploymentFlowRunCreate]) -> dict[str, Any]:
        """Plan several runs; those that cannot be planned stop no other."""
        if len(body) > MOST:
            raise Refused(f"Cannot create more than {MOST} flow runs at once.")
        outcomes = create_deployment_runs(
            deployment_id=deployment_id, requests=[one.request() for one in body], created_by=created_by(request)
        )
        return {"results": [_result(outcome) for outcome in outcomes]}


def _result(outcome: Outcome) -> dict[str, Any]:
    run = outcome.run
    return {
        "flow_run_id": run.pk if run else None,
        "status": "CREATED" if run else "FAILED",
        "error": outcome.error,
    }
