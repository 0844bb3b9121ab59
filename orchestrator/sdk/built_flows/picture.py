"""The static graph of a built flow: its nodes are known, no source has to be read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from orchestrator.sdk.built_flows.nodes import Node, nodes_in
from orchestrator.sdk.built_flows.parameter import Parameter

if TYPE_CHECKING:
    from orchestrator.sdk.built_flows.graph import NodeGraph
    from orchestrator.sdk.graphs.model import Edge, Graph
    from orchestrator.sdk.graphs.model import Node as Box


def static_graph(graph: NodeGraph) -> Graph:
    """Parameters are not drawn. Raises BuildError when there is a circle."""
    from orchestrator.sdk.graphs.model import Graph

    nodes = [node for node in graph.in_order() if not isinstance(node, Parameter)]
    names: Counter[str] = Counter()
    ids: dict[Node, str] = {}
    for node in nodes:
        names[node.name] += 1
        number = names[node.name]
        ids[node] = f"{node.name}-{number}" if number > 1 else node.name
    edges = [edge for node in nodes for edge in _edges(node, ids)]
    return Graph(graph.flow_name, [_box(node, ids[node]) for node in nodes], edges)


def _box(node: Node, key: str) -> Box:
    from orchestrator.sdk.graphs.model import Node as Box

    return Box(
        key,
        node.name,
        "task",
        "map" if node.is_mapped else "submit",
        node.line,
        repeats=node.is_mapped,
        conditional=node.may_be_skipped,
        options={"target": node.task},
    )


def _edges(node: Node, ids: dict[Node, str]) -> list[Edge]:
    from orchestrator.sdk.graphs.model import CONDITION, RESULT, WAIT_FOR, Edge

    found: dict[Node, dict[str, None]] = {}
    for name, value in node.parameters.items():
        for needed in nodes_in(value):
            found.setdefault(needed, {})[name] = None
    edges = [Edge(ids[needed], ids[node], RESULT, tuple(names)) for needed, names in found.items() if needed in ids]
    others = [needed for needed in node.upstream if needed in ids and needed not in found]
    return edges + [Edge(ids[needed], ids[node], CONDITION if needed.decides else WAIT_FOR) for needed in others]
