"""The nodes of one built flow, and what waits for what."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from inspect import Parameter as SignatureParameter
from typing import Any, Protocol
from weakref import WeakSet

from orchestrator.sdk.built_flows.nodes import Node, nodes_in
from orchestrator.sdk.built_flows.opening import open_block
from orchestrator.sdk.built_flows.parameter import Parameter
from orchestrator.sdk.errors import BuildError
from orchestrator.sdk.tasks.task import Task


class Follower(Protocol):
    """A flow with these nodes."""

    def take_parameters(self) -> None:
        """A parameter was added."""


class NodeGraph:
    """Nodes in the order in which they were made."""

    def __init__(self, flow_name: str) -> None:
        self.flow_name = flow_name
        self.nodes: dict[Node, None] = {}
        self._of_tasks: dict[int, Node] = {}  # of tasks that were added as they are
        self._references: list[Node] | None = None
        self.followers: WeakSet[Follower] = WeakSet()  # a flow that nobody holds any more follows nothing

    def add(self, node: Node) -> None:
        """Raises BuildError for a node of another flow, and for a second parameter of the same name."""
        if node in self.nodes:
            return
        if node.graph is not None and node.graph is not self:
            raise BuildError(
                f"{node!r} belongs to flow {node.graph.flow_name!r} and cannot be used in {self.flow_name!r}. Call the "
                "task again in this flow"
            )
        if isinstance(node, Parameter) and any(
            isinstance(each, Parameter) and each.name == node.name for each in self.nodes
        ):
            raise BuildError(f"Flow {self.flow_name!r} has two parameters {node.name!r}; make one and use it twice")
        node.graph = self
        for needed in node.needs():
            self.add(needed)
        self.nodes[node] = None
        if isinstance(node, Parameter):
            for follower in list(self.followers):
                follower.take_parameters()
            return
        block = open_block()
        if block is not None and block.graph is self:
            for around in (block.case, block.resource):
                if around is not None:
                    around.note(node)

    def node_of(self, given: Any) -> Node:
        """A node as it is; the one node of a task that is added without being called. Raises BuildError."""
        if isinstance(given, Node):
            self.add(given)
            return given
        if not isinstance(given, Task):
            raise BuildError(f"Flow {self.flow_name!r}: {given!r} is neither a task nor what a call of a task gave")
        known = self._of_tasks.get(id(given))
        if known is None:
            known = self._of_tasks[id(given)] = Node(given, _defaults(given))
            self.add(known)
        return known

    def known(self, given: Any) -> Node | None:
        """The node, or the one of this task; None when it is not in the flow."""
        if isinstance(given, Node):
            return given if given in self.nodes else None
        return self._of_tasks.get(id(given))

    def connect(self, before: Node, after: Node, *, key: str | None = None, mapped: bool = False) -> None:
        """`after` begins when `before` has ended; with `key`, the result is that argument, `mapped` once per item."""
        if before is after:
            raise BuildError(f"Flow {self.flow_name!r}: {after!r} would wait for itself")
        self.add(before)
        self.add(after)
        if key is not None:
            self.give(after, key, before, mapped=mapped)
        else:
            after.upstream[before] = None

    def give(self, node: Node, name: str, value: Any, *, mapped: bool = False) -> None:
        """Make the value, or a node's result, the argument of this name. Raises BuildError when the task has none."""
        signature = node.task.binder.signature.parameters
        rest = next((each.name for each in signature.values() if each.kind is each.VAR_KEYWORD), None)
        if name in signature and signature[name].kind not in (_VAR_KEYWORD, _VAR_POSITIONAL):
            node.parameters[name] = value
        elif rest is not None:
            node.parameters[rest] = {**node.parameters.get(rest, {}), name: value}
        else:
            known = ", ".join(signature) or "none"
            raise BuildError(f"Task {node.name!r} has no argument {name!r}; it has {known}")
        if mapped:
            node.mapped = node.mapped | {name}
        for needed in nodes_in(value):
            self.add(needed)

    def depend(
        self,
        node: Node,
        *,
        upstream: Iterable[Any] | None = None,
        downstream: Iterable[Any] | None = None,
        keywords: dict[str, Any] | None = None,
        mapped: bool = False,
    ) -> None:
        """Several connections of one node at once."""
        self.add(node)
        for each in upstream or ():
            self.connect(self.node_of(each), node)
        for each in downstream or ():
            self.connect(node, self.node_of(each))
        for name, value in (keywords or {}).items():
            self.give(node, name, self.as_argument(value), mapped=mapped)

    def as_argument(self, value: Any) -> Any:
        """The value, with nodes in place of tasks that are used without being called, also inside a list."""
        if isinstance(value, (list, tuple, set)):
            return type(value)(self.as_argument(each) for each in value)
        return self.node_of(value) if isinstance(value, Task) else value

    def in_order(self) -> list[Node]:
        """Every node after those that it needs, otherwise as they were made. Raises BuildError, for a circle too."""
        for node in self.nodes:
            missing = [name for name in _required(node.task) if name not in node.parameters]
            if missing:
                raise BuildError(
                    f"Flow {self.flow_name!r}: task {node.name!r} is not given {', '.join(map(repr, missing))}; call "
                    "it with its arguments, or use set_dependencies(keyword_tasks={…})"
                )
        sorter = TopologicalSorter({node: node.needs() for node in self.nodes})
        try:
            return list(sorter.static_order())
        except CycleError as error:
            circle = " → ".join(repr(node.name) for node in error.args[1])
            raise BuildError(f"Flow {self.flow_name!r} has a circle: {circle}. Take one of these edges away") from None

    def after(self, node: Node) -> list[Node]:
        """The nodes that need this one."""
        return [each for each in self.nodes if node in set(each.needs())]

    def last(self) -> list[Node]:
        """Those that no other one needs."""
        needed = {each for node in self.nodes for each in node.needs()}
        return [node for node in self.nodes if node not in needed]

    def first(self) -> list[Node]:
        """Those that need no other one."""
        return [node for node in self.nodes if not node.needs()]

    def references(self) -> list[Node]:
        """The nodes whose states decide about the run: those that were named, else the last ones."""
        if self._references is not None:
            return self._references
        needed = {each for node in self.nodes if not node.is_upkeep for each in node.needs()}
        return [node for node in self.nodes if node not in needed and not node.is_upkeep]

    def set_references(self, given: Iterable[Any]) -> None:
        """None at all means the last ones again. Raises BuildError for what is not in the flow."""
        found = []
        for each in given:
            node = self.known(each)
            if node is None:
                raise BuildError(f"Flow {self.flow_name!r}: reference task {each!r} is not in the flow")
            found.append(node)
        self._references = found or None


_VAR_KEYWORD, _VAR_POSITIONAL = SignatureParameter.VAR_KEYWORD, SignatureParameter.VAR_POSITIONAL


def _defaults(task: Any) -> dict[str, Any]:
    parameters = task.binder.signature.parameters.values()
    return {each.name: each.default for each in parameters if each.default is not each.empty}


def _required(task: Any) -> list[str]:
    parameters = task.binder.signature.parameters.values()
    return [
        each.name
        for each in parameters
        if each.default is each.empty and each.kind not in (_VAR_KEYWORD, _VAR_POSITIONAL)
    ]
