"""The graph while it grows: nodes by their place in the source, and edges without doubles."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.graphs.model import CONDITION, Edge, Graph, Node
from orchestrator.sdk.graphs.values import Runnable

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_READINGS = 400  # of functions that the flow calls, so that a tangle of them ends


class Building:
    """Collects what is met while the source is read. `under` says in which circumstances that is."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: dict[Any, Node] = {}
        self._ids: Counter[str] = Counter()
        self._edges: dict[tuple[str, str, str], dict[str, None]] = {}
        self._conditions: list[frozenset[str]] = []
        self._loops = 0
        self._branches = 0
        self._quiet: set[Any] = set()
        self._readings = 0
        self._cuts = 0  # functions that were not read although they may tell something
        self._runs = 0  # met so far, each as often as it was met

    def may_read(self, function: Any) -> bool:
        """Whether reading this function, named by its place, may tell anything, and there is patience for it."""
        if self._readings >= _MOST_READINGS:
            self._cuts += 1
            return False
        return function not in self._quiet

    def cut(self) -> None:
        """A function calls itself, and is not read again."""
        self._cuts += 1

    @contextmanager
    def reading(self, function: Any) -> Iterator[None]:
        """A function that runs nothing need not be read again."""
        self._readings += 1
        before = self._runs, self._cuts
        yield
        if before == (self._runs, self._cuts):
            self._quiet.add(function)

    @contextmanager
    def under(self, sources: frozenset[str], *, branch: bool = False, loop: bool = False) -> Iterator[None]:
        """What is read meanwhile runs, or runs as often, as these nodes decide."""
        self._conditions.append(sources)
        self._branches += branch
        self._loops += loop
        try:
            yield
        finally:
            self._conditions.pop()
            self._branches -= branch
            self._loops -= loop

    def add_node(self, place: Any, what: Runnable, *, mode: str, line: int, repeats: bool, **options: Any) -> str:
        """The id of the node at this place in the source; a place that is read twice has one node."""
        self._runs += 1
        node = self._nodes.get((place, what.name))
        if node is None:
            self._ids[what.name] += 1
            number = self._ids[what.name]
            node = Node(f"{what.name}-{number}" if number > 1 else what.name, what.name, what.kind, mode, line)
            self._nodes[place, what.name] = node
        node.repeats = node.repeats or repeats or self._loops > 0
        node.conditional = node.conditional or self._branches > 0
        node.options |= options
        for sources in self._conditions:
            self.add_edges(sources, node.id, CONDITION)
        return node.id

    def add_edges(self, sources: Iterable[str], target: str, kind: str, parameter: str | None = None) -> None:
        for source in sorted(sources):
            parameters = self._edges.setdefault((source, target, kind), {})
            if parameter is not None:
                parameters[parameter] = None

    def graph(self) -> Graph:
        order = {node.id: place for place, node in enumerate(self._nodes.values())}
        edges = [Edge(*key, tuple(parameters)) for key, parameters in self._edges.items()]
        edges.sort(key=lambda edge: (order[edge.source], order[edge.target], edge.kind))
        return Graph(self._name, list(self._nodes.values()), _without_the_obvious(edges))


def _without_the_obvious(edges: list[Edge]) -> list[Edge]:
    """Conditions that say nothing new: the target waits for the source anyway, perhaps by way of others."""
    kept = list(edges)
    for edge in edges:
        if edge.kind != CONDITION:
            continue
        others = [each for each in kept if each is not edge]
        if edge.source == edge.target or _leads_to(edge.source, edge.target, others):
            kept = others
    return kept


def _leads_to(start: str, end: str, edges: list[Edge]) -> bool:
    after = defaultdict(list)
    for edge in edges:
        after[edge.source].append(edge.target)
    waiting, seen = list(after[start]), {start}
    while waiting:
        found = waiting.pop()
        if found == end:
            return True
        if found not in seen:
            seen.add(found)
            waiting += after[found]
    return False
