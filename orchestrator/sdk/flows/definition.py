"""A flow's definition as JSON: what it is called, what it takes, and which tasks it calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.errors import SourceUnavailable
from orchestrator.sdk.values.json_values import to_json

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow import Flow
    from orchestrator.sdk.graphs.model import Edge, Node

_OF_A_TASK = ("task_key", "description", "version", "retries", "timeout_seconds", "log_prints")


def flow_definition(
    flow: Flow[Any, Any],
    *,
    include: Iterable[str] | None = None,
    exclude: Iterable[str] | None = None,
    exclude_none: bool = False,
) -> dict[str, Any]:
    """`tasks` and `dependencies` are those of the static graph, and None when the flow's source cannot be read.

    `include` names the keys wanted, None all; those in `exclude` are left out, with `exclude_none` also those without
    a value. Times are in seconds.
    """
    from orchestrator.sdk.graphs.reading import read_graph
    from orchestrator.sdk.type_hints.parameter_schemas import parameter_schema

    wanted = None if include is None else set(include)
    unwanted = set(exclude or ())
    said: dict[str, Any] = {
        "name": flow.name,
        "version": flow.version,
        "description": flow.description,
        "tags": sorted(flow.tags),
        "entrypoint": _entrypoint(flow),
        "is_async": flow.is_async,
        "flow_run_name": flow.flow_run_name if isinstance(flow.flow_run_name, str) else None,
        "retries": flow.retries,
        "retry_delay_seconds": flow.retry_delay,
        "timeout_seconds": flow.timeout_seconds,
        "log_prints": flow.log_prints,
        "task_runner": _runner(flow.task_runner),
        "parameters": parameter_schema(flow.fn),
        "tasks": None,
        "dependencies": None,
    }
    try:
        graph = read_graph(flow)
    except SourceUnavailable:
        pass
    else:
        said["tasks"] = [_task(node) for node in graph.nodes]
        said["dependencies"] = [_dependency(edge) for edge in graph.edges]
    found: dict[str, Any] = to_json(
        {
            key: value
            for key, value in said.items()
            if (wanted is None or key in wanted) and key not in unwanted and not (exclude_none and value is None)
        }
    )
    return found


def _task(node: Node) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": node.id,
        "name": node.name,
        "kind": node.kind,
        "mode": node.mode,
        "line": node.line,
        "repeats": node.repeats,
        "conditional": node.conditional,
    }
    target = node.options.get("target")
    if target is None:
        return said
    said |= {key: getattr(target, key) for key in _OF_A_TASK if hasattr(target, key)}
    return {**said, "retry_delay_seconds": _delay(target.retry_delay), "tags": sorted(target.tags)}


def _dependency(edge: Edge) -> dict[str, Any]:
    return {"from": edge.source, "to": edge.target, "kind": edge.kind, "parameters": list(edge.parameters)}


def _delay(given: Any) -> Any:
    return list(given) if isinstance(given, (list, tuple)) else given if isinstance(given, (int, float)) else None


def _runner(runner: Any) -> dict[str, Any]:
    workers = getattr(runner, "max_workers", None)
    return {"type": type(runner).__name__, "max_workers": workers if isinstance(workers, int) else None}


def _entrypoint(flow: Flow[Any, Any]) -> str | None:
    from orchestrator.sdk.deployments.code_places import code_location
    from orchestrator.sdk.errors import FlowNotFound

    try:
        return code_location(flow)[1]
    except (FlowNotFound, OSError, AttributeError):  # made by exec, in a directory that is gone, or of a partial
        return None
