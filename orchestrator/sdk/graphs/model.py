"""A flow's static graph: which tasks it calls, and what waits for what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

RESULT, WAIT_FOR, CONDITION = "result", "wait_for", "condition"


@dataclass(slots=True)
class Node:
    """One place in the source from which a task, a subflow or a deployment is run.

    `kind` is task, flow or deployment; `mode` is how it is called: call, submit, map, delay. `repeats` says that it
    may run any number of times, `conditional` that it may not run at all. `options` is what was declared with it, as
    far as the source says.
    """

    id: str
    name: str
    kind: str
    mode: str
    line: int
    repeats: bool = False
    conditional: bool = False
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Edge:
    """`target` waits for `source`. `kind` is result, wait_for, or condition: whether, or how often, it runs at all
    depends on it. `parameters` are those of the target that take the result, where that can be told."""

    source: str
    target: str
    kind: str
    parameters: tuple[str, ...] = ()


@dataclass(slots=True)
class Graph:
    """Nodes in the order of the source. A loop may make an edge lead back, also to its own node."""

    name: str
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
