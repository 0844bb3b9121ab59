"""Which task run waited for the result of which, and a drawing of it: layers from left to right, few crossings.

Pure layout: no queries, no markup. Layers by the longest path; four sweeps bring neighbours beside each other. An edge
that skips layers gets a place of its own in each of them (a bend), so that it does not run behind a box.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode
from uuid import UUID

from orchestrator.pages.looks import look_of
from runs.models import FlowRun, TaskRun
from runs.pages.timeline.lanes import group_name
from runs.pages.timeline.rows import task_url
from runs.services.graph import upstream_ids

MOST_SINGLE_NODES = 40  # beyond that, the runs of one task share a node
MOST_NODES = 150  # beyond that the drawing could not be read
HOPS = 2  # around the chosen task
MOST_AROUND = 60  # tasks, around the chosen one
NODE_WIDTH = 172
NODE_HEIGHT = 30
COLUMN = 226
LINE = 44
BEND_LINE = 16
MARGIN = 12
SWEEPS = 4


@dataclass(slots=True)
class Node:
    key: str
    label: str
    tone: str
    icon: str
    words: str  # the state, or how many are in which
    url: str  # of the task run; of several, where the timeline shows them one by one
    parents: set[str] = field(default_factory=set)
    layer: int = 0
    x: int = 0
    y: int = 0
    is_bend: bool = False
    is_chosen: bool = False

    @property
    def height(self) -> int:
        return BEND_LINE if self.is_bend else LINE

    @property
    def middle(self) -> int:
        return self.y + (0 if self.is_bend else NODE_HEIGHT // 2)


@dataclass(frozen=True, slots=True)
class Edge:
    path: str


@dataclass(frozen=True, slots=True)
class Graph:
    nodes: list[Node]
    edges: list[Edge]  # an edge with bends is drawn in several pieces
    edge_count: int
    width: int
    height: int
    is_grouped: bool

    @property
    def is_too_big(self) -> bool:
        return len(self.nodes) > MOST_NODES


def around(chosen: UUID, tasks: Sequence[TaskRun], children: Mapping[UUID, FlowRun]) -> list[TaskRun]:
    """The tasks that are at most HOPS dependencies away from the chosen one, itself included; at most MOST_AROUND.

    Empty where it is not among them.
    """
    stands_for = {child.id: task_id for task_id, child in children.items()}
    known = {task.id for task in tasks}
    neighbours: dict[UUID, list[UUID]] = defaultdict(list)
    for task in tasks:
        for upstream in upstream_ids(task.task_inputs):
            upstream = stands_for.get(upstream, upstream)
            if upstream in known:
                neighbours[task.id].append(upstream)
                neighbours[upstream].append(task.id)
    found = dict.fromkeys([chosen] if chosen in known else [])
    edge = list(found)
    for _ in range(HOPS):
        edge = [one for task_id in edge for one in neighbours[task_id] if one not in found]
        found |= dict.fromkeys(edge)
    kept = set(list(found)[:MOST_AROUND])
    return [task for task in tasks if task.id in kept]


def build_graph(
    *,
    tasks: Sequence[TaskRun],
    children: Mapping[UUID, FlowRun],
    chosen: UUID | None = None,
    grouped: bool | None = None,
) -> Graph:
    """Lay out the task runs. `children` maps the task run that stands for a subflow to the subflow's run.

    With `grouped` the runs of one task share a box; None leaves that to their number.
    """
    grouped = len(tasks) > MOST_SINGLE_NODES if grouped is None else grouped
    node_of = {task.id: task.task_key if grouped else str(task.id) for task in tasks}
    node_of |= {child.id: node_of[task_id] for task_id, child in children.items() if task_id in node_of}
    members: dict[str, list[TaskRun]] = defaultdict(list)
    for task in tasks:
        members[node_of[task.id]].append(task)
    nodes = {key: _node(key, group, children) for key, group in members.items()}
    if chosen in node_of:
        nodes[node_of[chosen]].is_chosen = True
    for task in tasks:
        key = node_of[task.id]
        nodes[key].parents |= {node_of[upstream] for upstream in upstream_ids(task.task_inputs) if upstream in node_of}
        nodes[key].parents.discard(key)
    if len(nodes) > MOST_NODES:
        return Graph(list(nodes.values()), [], 0, 0, 0, grouped)
    layers = _layers(nodes)
    edge_count = sum(len(node.parents) for node in nodes.values())
    _add_bends(layers, nodes)
    _order(layers, nodes)
    _place(layers)
    placed = [node for layer in layers for node in layer]
    return Graph(
        nodes=[node for node in placed if not node.is_bend],
        edges=[Edge(_curve(nodes[parent], node)) for node in placed for parent in sorted(node.parents)],
        edge_count=edge_count,
        width=2 * MARGIN + NODE_WIDTH + COLUMN * max(len(layers) - 1, 0),
        height=MARGIN + max((node.y + node.height for node in placed), default=0),
        is_grouped=grouped,
    )


def _node(key: str, group: list[TaskRun], children: Mapping[UUID, FlowRun]) -> Node:
    looks = Counter(look_of(task.state_type, task.state_name) for task in group)
    first = group[0]
    worst = min(looks, key=lambda look: _urgency(look.tone))
    if len(group) == 1:
        child = children.get(first.id)
        return Node(
            key, child.name if child else first.name, worst.tone, worst.icon, worst.word, task_url(first, child)
        )
    words = ", ".join(f"{count} {look.word.lower()}" for look, count in looks.most_common())
    unfolded = urlencode({"view": "timeline", "open": key})
    return Node(key, f"{group_name(first)} ×{len(group)}", worst.tone, worst.icon, words, f"?{unfolded}")


def _urgency(tone: str) -> int:
    order = (
        "failed",
        "crashed",
        "retrying",
        "running",
        "late",
        "paused",
        "pending",
        "scheduled",
        "cancelled",
        "completed",
        "cached",
    )
    return order.index(tone)


def _layers(nodes: dict[str, Node]) -> list[list[Node]]:
    """Each node one layer after its last parent. A circle, possible between grouped nodes, is cut where it closes."""
    depths: dict[str, int] = {}
    for start in nodes:
        stack = [start]
        open_keys: set[str] = set()
        while stack:
            key = stack[-1]
            if key in depths:
                stack.pop()
                continue
            open_keys.add(key)
            nodes[key].parents -= {
                parent for parent in nodes[key].parents if parent in open_keys and parent not in depths
            }
            waiting = [parent for parent in sorted(nodes[key].parents) if parent not in depths]
            if waiting:
                stack.append(waiting[0])
                continue
            depths[key] = 1 + max((depths[parent] for parent in nodes[key].parents), default=-1)
            stack.pop()
    layers: list[list[Node]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
    for key, node in nodes.items():
        node.layer = depths[key]
        layers[node.layer].append(node)
    return layers


def _add_bends(layers: list[list[Node]], nodes: dict[str, Node]) -> None:
    """Lead edges that skip layers through bends. The edges of one parent share them, like the trunk of a tree."""
    for node in [node for layer in layers for node in layer]:
        for parent in sorted(node.parents):
            previous = parent
            for layer in range(nodes[parent].layer + 1, node.layer):
                key = f"{parent} in layer {layer}"
                if key not in nodes:
                    nodes[key] = Node(key, "", "", "", "", "", parents={previous}, layer=layer, is_bend=True)
                    layers[layer].append(nodes[key])
                previous = key
            if previous != parent:
                node.parents = (node.parents - {parent}) | {previous}


def _order(layers: list[list[Node]], nodes: dict[str, Node]) -> None:
    """Sort each layer by the mean place of its neighbours, forwards and backwards in turn."""
    children: dict[str, list[str]] = defaultdict(list)
    for node in nodes.values():
        for parent in node.parents:
            children[parent].append(node.key)
    place = {node.key: float(index) for layer in layers for index, node in enumerate(layer)}

    def centre(node: Node, around: Iterable[str]) -> float:
        places = [place[key] for key in around]
        return sum(places) / len(places) if places else place[node.key]

    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            neighbours = {node.key: node.parents if sweep % 2 == 0 else children[node.key] for node in layer}
            centres = {node.key: centre(node, neighbours[node.key]) for node in layer}
            layer.sort(key=lambda node: centres[node.key])
            place.update({node.key: float(index) for index, node in enumerate(layer)})


def _place(layers: list[list[Node]]) -> None:
    heights = [sum(node.height for node in layer) for layer in layers]
    tallest = max(heights, default=0)
    for column, layer in enumerate(layers):
        y = MARGIN + (tallest - heights[column]) // 2
        for node in layer:
            node.x, node.y = MARGIN + column * COLUMN, y + (BEND_LINE // 2 if node.is_bend else 0)
            y += node.height


def _curve(parent: Node, node: Node) -> str:
    """From the right side of one to the left side of the other; a bend is also crossed from left to right."""
    x1, y1 = parent.x + NODE_WIDTH, parent.middle
    x2, y2 = node.x, node.middle
    middle = (x1 + x2) // 2
    across = f"H{node.x + NODE_WIDTH}" if node.is_bend else ""
    return f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}{across}"
