"""Questions to a built flow about its nodes, and connections made by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from orchestrator.sdk.built_flows.graph import NodeGraph
from orchestrator.sdk.built_flows.nodes import Node, nodes_in
from orchestrator.sdk.errors import BuildError


class Edge(NamedTuple):
    """`downstream_task` begins when `upstream_task` has ended. `key` is the argument that takes the result; None is
    none. `mapped` says that it is taken apart."""

    upstream_task: Node
    downstream_task: Node
    key: str | None = None
    mapped: bool = False


class Wiring:
    """Where a task is asked for, the node that a call of it gave is taken, or a task that is added as it is."""

    graph: NodeGraph

    @property
    def tasks(self) -> set[Node]:
        """All nodes, parameters included."""
        return set(self.graph.nodes)

    @property
    def edges(self) -> set[Edge]:
        """What waits for what, once for each argument that takes the result."""
        found = set()
        for node in self.graph.nodes:
            for key, value in node.parameters.items():
                found |= {Edge(needed, node, key, key in node.mapped) for needed in nodes_in(value)}
            found |= {Edge(needed, node) for needed in node.upstream}
        return found

    def get_tasks(
        self, name: str | None = None, tags: Iterable[str] | None = None, task_type: type | None = None
    ) -> list[Node]:
        """The nodes of this name, with all these tags, of this class of tasks; None is any."""
        wanted = set(tags or ())
        return [
            node
            for node in self.graph.nodes
            if (name is None or node.name == name)
            and wanted <= node.tags
            and (task_type is None or isinstance(node.task, task_type) or isinstance(node, task_type))
        ]

    def add_task(self, task: Any) -> Node:
        """Run the task in this flow, with the defaults of its arguments unless it is given others. Returns its node."""
        return self.graph.node_of(task)

    def add_edge(
        self,
        upstream_task: Any,
        downstream_task: Any,
        key: str | None = None,
        mapped: bool = False,
        validate: bool | None = None,
    ) -> Edge:
        """`downstream_task` begins when the other has ended; with `key`, it takes its result as that argument.

        Raises BuildError when there is no such argument, with `validate` also when there is a circle.
        """
        before, after = self.graph.node_of(upstream_task), self.graph.node_of(downstream_task)
        self.graph.connect(before, after, key=key, mapped=mapped)
        if validate:
            self.validate()
        return Edge(before, after, key, mapped)

    def chain(self, *tasks: Any, validate: bool | None = None) -> list[Edge]:
        """Each begins when the one before it has ended."""
        return [self.add_edge(*pair, validate=validate) for pair in pairwise(tasks)]

    def set_dependencies(
        self,
        task: Any,
        upstream_tasks: Iterable[Any] | None = None,
        downstream_tasks: Iterable[Any] | None = None,
        keyword_tasks: dict[str, Any] | None = None,
        mapped: bool = False,
        validate: bool | None = None,
    ) -> None:
        """Connect one task with several others, and give it arguments by name; these may also be values."""
        self.graph.depend(
            self.graph.node_of(task),
            upstream=upstream_tasks,
            downstream=downstream_tasks,
            keywords=keyword_tasks,
            mapped=mapped,
        )
        if validate:
            self.validate()

    def validate(self) -> None:
        """Raises BuildError when there is a circle, or a task lacks an argument."""
        self.graph.in_order()

    def sorted_tasks(self) -> tuple[Node, ...]:
        """Every node after those that it needs. Raises as `validate`."""
        return tuple(self.graph.in_order())

    def root_tasks(self) -> set[Node]:
        """Those that need no other one."""
        return set(self.graph.first())

    def terminal_tasks(self) -> set[Node]:
        """Those that no other one needs."""
        return set(self.graph.last())

    def upstream_tasks(self, task: Any) -> set[Node]:
        """Those that it needs. Raises BuildError for what is not in the flow."""
        return set(self._known(task).needs())

    def downstream_tasks(self, task: Any) -> set[Node]:
        """Those that need it. Raises BuildError for what is not in the flow."""
        return set(self.graph.after(self._known(task)))

    def reference_tasks(self) -> set[Node]:
        """Those whose states decide whether a run has completed: the terminal ones, unless others were set."""
        return set(self.graph.references())

    def set_reference_tasks(self, tasks: Sequence[Any]) -> None:
        """Let these decide whether a run has completed; an empty list means the terminal ones."""
        self.graph.set_references(tasks)

    def _known(self, task: Any) -> Node:
        node = self.graph.known(task)
        if node is None:
            raise BuildError(f"Flow {self.graph.flow_name!r}: {task!r} is not in the flow")
        return node
