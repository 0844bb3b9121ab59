"""The graph of a flow run, in the two forms of the contract."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rest_framework.request import Request

from orchestrator.contract.times import now
from orchestrator.rest.bodies import Time
from orchestrator.rest.views import ApiView, answers, asks
from runs.api import shapes
from runs.models import Artifact, FlowRunState, TaskRun
from runs.services.graph import Graph, Node, read_dependencies, read_graph, waited_for

BEGINNING = datetime.min.replace(tzinfo=UTC)  # of time


class FlowRunGraph(ApiView):
    @asks(since=(Time, BEGINNING))
    @answers(shapes.Graph)
    def get(self, request: Request, flow_run_id: UUID, since: datetime) -> dict[str, Any]:
        """Nodes by start, edges, artifacts, and the states of the run; `since` leaves out what had ended by then."""
        graph = read_graph(flow_run_id=flow_run_id, since=since if since > BEGINNING else None)
        states = FlowRunState.objects.filter(flow_run=flow_run_id).order_by("timestamp")
        return {
            "start_time": graph.flow_run.start_time or graph.flow_run.expected_start_time,
            "end_time": graph.flow_run.end_time,
            "root_node_ids": graph.roots,
            "nodes": [[node.id, _node_answer(node, graph)] for node in graph.nodes],
            "artifacts": [_artifact_answer(artifact, graph) for artifact in graph.artifacts],
            "states": list(states.values("id", "timestamp", "type", "name")),
        }


class FlowRunDependencies(ApiView):
    @answers(list[shapes.DependencyResult])
    def get(self, request: Request, flow_run_id: UUID) -> list[dict[str, Any]]:
        """The older form: every task run with those it waited for."""
        tasks = read_dependencies(flow_run_id=flow_run_id)
        return [_dependency_answer(task) for task in tasks]


def _node_answer(node: Node, graph: Graph) -> dict[str, Any]:
    return {
        "kind": node.kind,
        "id": node.id,
        "label": node.label,
        "state_type": node.state_type,
        "start_time": node.start_time,
        "end_time": node.end_time,
        "parents": [{"id": id} for id in node.parents],
        "children": [{"id": id} for id in node.children],
        "encapsulating": [{"id": id} for id in node.encapsulating],
        "artifacts": [_artifact_answer(artifact, graph) for artifact in node.artifacts],
    }


def _artifact_answer(artifact: Artifact, graph: Graph) -> dict[str, Any]:
    return {
        "id": artifact.pk,
        "created": artifact.created,
        "key": artifact.key,
        "type": artifact.type,
        "is_latest": artifact.pk in graph.latest_artifacts,
        "data": artifact.data if artifact.type == "progress" else None,
    }


def _dependency_answer(task: TaskRun) -> dict[str, Any]:
    return {
        "id": task.pk,
        "name": task.name,
        "upstream_dependencies": [{"input_type": "task_run", "id": id} for id in waited_for(task)],
        "state": task.state,
        "expected_start_time": task.expected_start_time,
        "start_time": task.start_time,
        "end_time": task.end_time,
        "total_run_time": task.total_run_time,
        "estimated_run_time": task.estimated_run_time(now()),
        "untrackable_result": bool(task.state and task.state["state_details"].get("untrackable_result")),
    }
