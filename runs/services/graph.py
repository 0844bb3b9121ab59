"""What depended on what inside one flow run: its task runs and subflows, drawn from where their inputs came from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from orchestrator.contract.states import StateType
from runs.errors import RunNotFound
from runs.models import Artifact, FlowRun, TaskRun
from runs.orchestration.transition import RunKind
from runs.services.artifacts import latest_of
from runs.services.subflows import subflows_of

MAX_NODES = 10_000
MAX_ARTIFACTS = 10_000
RUN_KINDS = ("task_run", "flow_run")  # of the inputs that name a run; the others are plain values
_NEVER = datetime.max.replace(tzinfo=UTC)
PARENTS_KEY = "__parents__"  # the task runs inside which this one was called; no data came from them


class GraphTooLarge(Exception):
    """The run has more task runs than can be drawn."""


@dataclass(slots=True)
class Node:
    """A task run, or a subflow in place of the task run by which its parent tracks it."""

    kind: str  # "task-run" or "flow-run"
    id: UUID
    label: str
    state_type: str | None
    start_time: datetime
    end_time: datetime | None
    parents: list[UUID] = field(default_factory=list)
    children: list[UUID] = field(default_factory=list)
    encapsulating: list[UUID] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Graph:
    flow_run: FlowRun
    nodes: list[Node]  # by start and end
    artifacts: list[Artifact]  # of the flow run itself
    latest_artifacts: frozenset[UUID]  # those that no newer one with the same key replaced

    @property
    def roots(self) -> list[UUID]:
        return [node.id for node in self.nodes if not node.parents]


def read_graph(*, flow_run_id: UUID, since: datetime | None = None) -> Graph:
    """The graph of one flow run; with `since` only the nodes that had not ended by then.

    Raises RunNotFound, and GraphTooLarge for more than MAX_NODES task runs.
    """
    flow_run = FlowRun.objects.filter(pk=flow_run_id).first()
    if flow_run is None:
        raise RunNotFound(RunKind.FLOW_RUN, flow_run_id)
    tasks = list(
        TaskRun.objects.filter(flow_run=flow_run_id)
        .only("name", "state_type", "start_time", "expected_start_time", "end_time", "task_inputs")
        .order_by("expected_start_time", "id")[: MAX_NODES + 1]
    )
    if len(tasks) > MAX_NODES:
        raise GraphTooLarge(f"The run has more than {MAX_NODES} task runs; its graph is not drawn.")
    nodes = _nodes(tasks, _subflows(flow_run_id))
    _connect(tasks, nodes)
    artifacts = list(
        Artifact.objects.filter(flow_run_id=flow_run_id, type__isnull=False)
        .exclude(type="result")
        .defer("metadata", "description")
        .order_by("id")[:MAX_ARTIFACTS]
    )
    for artifact in artifacts:
        if artifact.task_run_id in nodes:
            nodes[artifact.task_run_id].artifacts.append(artifact)
    shown = sorted(nodes.values(), key=lambda node: (node.start_time, node.end_time or _NEVER, node.id))
    if since is not None:
        shown = [node for node in shown if node.end_time is None or node.end_time >= since]
    own = [artifact for artifact in artifacts if artifact.task_run_id is None]
    return Graph(flow_run, shown, own, latest_of(artifacts))


def read_dependencies(*, flow_run_id: UUID) -> list[TaskRun]:
    """The task runs of a flow run with their inputs, oldest first. Raises RunNotFound."""
    if not FlowRun.objects.filter(pk=flow_run_id).exists():
        raise RunNotFound(RunKind.FLOW_RUN, flow_run_id)
    return list(TaskRun.objects.filter(flow_run=flow_run_id).order_by("expected_start_time", "id")[:MAX_NODES])


def waited_for(task: TaskRun) -> list[UUID]:
    """The task runs whose results this one was given, and those inside which it was called; each once."""
    return _runs_in(task.task_inputs.values(), ("task_run",))


def upstream_ids(task_inputs: Mapping[str, Any], *, kinds: Collection[str] = RUN_KINDS) -> list[UUID]:
    """The runs whose results a task run was given, or for which it was told to wait; each once, in order.

    The tasks that merely enclose it are not among them.
    """
    return _runs_in((sources for key, sources in task_inputs.items() if key != PARENTS_KEY), kinds)


def _runs_in(inputs: Iterable[Any], kinds: Collection[str]) -> list[UUID]:
    """Clients describe their inputs as they like; what cannot be read is passed over."""
    ids: dict[UUID, None] = {}
    for sources in inputs:
        for source in sources if isinstance(sources, list) else ():
            if isinstance(source, dict) and source.get("input_type") in kinds:
                with suppress(ValueError):
                    ids[UUID(str(source.get("id")))] = None
    return list(ids)


def _subflows(flow_run_id: UUID) -> dict[UUID, FlowRun]:
    """The newest child of each tracking task run."""
    children = (
        subflows_of([flow_run_id])
        .select_related("flow")
        .only("name", "state_type", "start_time", "expected_start_time", "end_time", "parent_task_run", "flow__name")
        .order_by("expected_start_time", "id")
    )
    return {child.parent_task_run_id: child for child in children if child.parent_task_run_id}


def _nodes(tasks: list[TaskRun], subflows: dict[UUID, FlowRun]) -> dict[UUID, Node]:
    """By task run, also those that stand for a subflow. A run that was never expected to start has no place in time."""
    nodes: dict[UUID, Node] = {}
    for task in tasks:
        child = subflows.get(task.pk)
        run = child or task
        start = run.start_time or run.expected_start_time
        if start is None:
            continue
        nodes[task.pk] = Node(
            kind="flow-run" if child else "task-run",
            id=run.pk,
            label=f"{child.flow.name} / {child.name}" if child else task.name,
            state_type=run.state_type,
            start_time=start,
            end_time=run.end_time or (run.expected_start_time if run.state_type == StateType.COMPLETED else None),
        )
    return nodes


def _connect(tasks: list[TaskRun], nodes: dict[UUID, Node]) -> None:
    # The result of a subflow is known by the run that tracks it, or by its own.
    named = {node.id: node for node in nodes.values()} | nodes
    for task in tasks:
        node = nodes.get(task.pk)
        if node is None:
            continue
        upstream = {named[run_id].id: named[run_id] for run_id in upstream_ids(task.task_inputs) if run_id in named}
        for parent in upstream.values():
            if parent is not node:
                node.parents.append(parent.id)
                parent.children.append(node.id)
        around = _runs_in([task.task_inputs.get(PARENTS_KEY)], ("task_run",))
        node.encapsulating = [nodes[task_run_id].id for task_run_id in around if task_run_id in nodes]
