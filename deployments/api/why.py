"""Why a run does not run. An addition to the contract."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from deployments.api import why_shapes as shapes
from deployments.services.why.causes import explain
from deployments.services.why.explanation import Action, Cause, Explanation, Holder, Subject
from deployments.services.why.facts import read_situation
from deployments.services.why.facts_of_deployments import read_deployment_situation
from deployments.services.why.facts_of_task_runs import read_task_situation
from deployments.services.why.of_deployments import explain_deployment
from deployments.services.why.of_task_runs import explain_task_run
from orchestrator.rest.views import ApiView, answers


class WhyFlowRun(ApiView):
    @answers(shapes.FlowRunExplanation)
    def get(self, request: Request, flow_run_id: UUID) -> dict[str, Any]:
        """What a flow run waits for: the chain of causes, and what would end each."""
        situation = read_situation(flow_run_id=flow_run_id)
        run = situation.run
        return {
            "flow_run_id": run.id,
            "flow_run_name": run.name,
            "state_type": run.state_type,
            "state_name": run.state_name,
            "since": run.since,
            **explanation_answer(explain(situation)),
        }


class WhyTaskRun(ApiView):
    @answers(shapes.TaskRunExplanation)
    def get(self, request: Request, task_run_id: UUID) -> dict[str, Any]:
        """What a task run waits for: its flow, slots of its tags, a task worker."""
        situation = read_task_situation(task_run_id=task_run_id)
        run = situation.run
        return {
            "task_run_id": run.id,
            "task_run_name": run.name,
            "state_type": run.state_type,
            "state_name": run.state_name,
            "since": run.since,
            **explanation_answer(explain_task_run(situation)),
        }


class WhyDeployment(ApiView):
    @answers(shapes.DeploymentExplanation)
    def get(self, request: Request, deployment_id: UUID) -> dict[str, Any]:
        """Why no runs of a deployment come, or would not begin: the chain of causes, and what would end each."""
        situation = read_deployment_situation(deployment_id=deployment_id)
        summary, causes = explain_deployment(situation)
        return {
            "deployment_id": situation.deployment.id,
            "deployment_name": situation.deployment.name,
            "next_run_at": situation.next_run,
            "summary": summary,
            "causes": [_cause(cause) for cause in causes],
        }


def explanation_answer(explanation: Explanation) -> dict[str, Any]:
    return {
        "overdue_seconds": explanation.overdue_seconds,
        "summary": explanation.summary,
        "causes": [_cause(cause) for cause in explanation.causes],
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "code": cause.code,
        "summary": cause.summary,
        "since": cause.since,
        "subject": _subject(cause.subject),
        "action": _action(cause.action),
        "certain": cause.certain,
        "held_by": [_holder(holder) for holder in cause.held_by],
    }


def _subject(subject: Subject | None) -> dict[str, Any] | None:
    return None if subject is None else {"kind": subject.kind, "id": subject.id, "name": subject.name}


def _action(action: Action | None) -> dict[str, Any] | None:
    if action is None:
        return None
    return {"summary": action.summary, "command": action.command, "href": action.href}


def _holder(holder: Holder) -> dict[str, Any]:
    return {
        "kind": holder.kind,
        "id": holder.id,
        "name": holder.name,
        "state_name": holder.state_name,
        "since": holder.since,
    }
