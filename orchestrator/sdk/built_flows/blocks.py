"""The block that is open, and the nodes that calls of tasks become in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.built_flows.annotations import is_mapped_argument, without_marks
from orchestrator.sdk.built_flows.nodes import Node
from orchestrator.sdk.context import current_flow_run
from orchestrator.sdk.errors import BuildError, MappingError

if TYPE_CHECKING:
    from orchestrator.sdk.built_flows.conditions import case
    from orchestrator.sdk.built_flows.flow import BuiltFlow
    from orchestrator.sdk.built_flows.graph import NodeGraph
    from orchestrator.sdk.built_flows.resources import Resource
    from orchestrator.sdk.tasks.task import Task


class OpenBlock:
    """`with Flow("…") as flow:`, while it is being executed. `case` is the innermost `with case(…)`,
    `resource` the innermost `with` of a resource.

    Tasks look for it when they are called: it stands in the context of what executes.
    """

    def __init__(self, flow: BuiltFlow) -> None:
        self.flow = flow
        self.inside_of = current_flow_run.get()
        self.case: case | None = None
        self.resource: Resource | None = None

    @property
    def graph(self) -> NodeGraph:
        return self.flow.graph

    @property
    def is_open_here(self) -> bool:
        """Not in what runs while the block is open: there a call of a task is a run."""
        return self.inside_of is current_flow_run.get()

    def call(
        self, task: Task[Any, Any], arguments: tuple[Any, ...], keywords: dict[str, Any], *, maps: bool = False
    ) -> Node:
        """The node that this call is. Beside the task's own arguments it takes `upstream_tasks` (or `wait_for`), nodes
        that must have ended before; `task_args`, options for this node alone; `mapped=True`, which is `.map(…)`; and
        `flow`, another one than that of the block.

        Raises BuildError, ParameterBindError, or MappingError when there is nothing to take apart.
        """
        own = set(task.binder.signature.parameters)
        asked = {name: keywords[name] for name in _OF_THE_CALL if name in keywords and name not in own}
        if asked.get("return_state"):
            raise BuildError(f"{task.name!r} has no state yet: leave return_state out, and look at `flow.run()`")
        if asked.get("task_args"):
            task = task.with_options(**asked["task_args"])
        parameters = task.binder.bind(arguments, {name: keywords[name] for name in keywords if name not in asked})
        maps = maps or bool(asked.get("mapped"))
        apart = frozenset(name for name, value in parameters.items() if is_mapped_argument(value, asked=maps))
        node = Node(task, {name: without_marks(value) for name, value in parameters.items()})
        node.mapped = apart
        for name in apart:
            if isinstance(node.parameters[name], Iterator):  # there to be read once, and a flow runs many times
                node.parameters[name] = list(node.parameters[name])
        if maps and not node.mapped:
            raise MappingError(f"Task {task.name!r}: .map() needs a list or a task's result among its arguments")
        graph: NodeGraph = asked["flow"].graph if asked.get("flow") is not None else self.graph
        graph.add(node)
        for before in (asked.get("upstream_tasks"), asked.get("wait_for")):
            for each in _several(before):
                graph.connect(graph.node_of(without_marks(each)), node)
        return node


_OF_THE_CALL = ("upstream_tasks", "wait_for", "task_args", "mapped", "flow", "return_state")


def _several(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple, set, frozenset)) else [given]
