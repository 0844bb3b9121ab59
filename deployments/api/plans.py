"""Many deployments in one request. An addition to the contract."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework.request import Request

from deployments.api import plan_shapes as shapes
from deployments.api.authors import author_of
from deployments.api.plan_bodies import DeploymentsApply
from deployments.services.plans import Step, apply_deployments
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, takes


class DeploymentsApplied(ApiView):
    @takes(DeploymentsApply)
    @answers(shapes.DeploymentsApplied)
    def post(self, request: Request, body: DeploymentsApply) -> JsonAnswer:
        """Apply all deployments or, when one of them has a problem, none: then 409, which names every problem."""
        plan = apply_deployments(
            wanted=[one.wanted() for one in body.deployments],
            project=body.project,
            whole_project=body.whole_project,
            prune=body.prune,
            dry_run=body.dry_run,
            author=author_of(request),
        )
        answer = {
            "applied": plan.applied,
            "dry_run": body.dry_run,
            "problem_count": plan.problem_count,
            "deployments": [_step(step) for step in plan.steps],
        }
        if plan.applied or body.dry_run:
            return JsonAnswer(answer)
        return JsonAnswer({"detail": "Nothing was changed, because there are problems.", **answer}, 409)


def _step(step: Step) -> dict[str, Any]:
    return {
        "id": step.deployment_id,
        "flow_name": step.flow_name,
        "name": step.name,
        "action": step.action,
        "changes": step.changes,
        "problems": [asdict(problem) for problem in step.problems],
        "warnings": step.warnings,
    }
