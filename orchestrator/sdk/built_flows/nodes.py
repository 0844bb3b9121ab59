"""A call of a task inside a block: it stands for the result, and runs when the flow does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.built_flows.opening import the_block
from orchestrator.sdk.built_flows.operators import Operators
from orchestrator.sdk.built_flows.places import place_of_the_author
from orchestrator.sdk.built_flows.unpacking import number_of_results
from orchestrator.sdk.context import current_tags
from orchestrator.sdk.dependencies.annotations import Annotation
from orchestrator.sdk.errors import BuildError

if TYPE_CHECKING:
    from orchestrator.sdk.built_flows.graph import NodeGraph
    from orchestrator.sdk.tasks.task import Task


class Node(Operators):
    """One call of `task`. Its value is there only when the flow runs, so it can be handed to other tasks, and indexed,
    added or compared inside the block, which makes further nodes; it cannot be looked at.

    `parameters` are its arguments, with other nodes in place of their results; `upstream` are nodes that must have
    ended before it begins and give it nothing; `mapped` are the names of the parameters that are taken apart.
    """

    def __init__(self, task: Task[Any, Any], parameters: dict[str, Any]) -> None:
        self.task = task
        self.parameters = parameters
        self.upstream: dict[Node, None] = {}  # in a list, == would be asked, which makes nodes
        self.mapped: frozenset[str] = frozenset()
        self.graph: NodeGraph | None = None
        self.may_be_skipped = False  # it stands in a branch
        self.decides = False  # whether others are skipped
        self.is_upkeep = False  # it makes or cleans up what others use, and does not decide about the run
        self.line = place_of_the_author()[1]
        self.inherited_tags = current_tags.get()

    def __repr__(self) -> str:
        return f"<Node {self.name!r}>"

    @property
    def name(self) -> str:
        """What the task is called."""
        return self.task.name

    @property
    def tags(self) -> frozenset[str]:
        """Those of the task, and those of the `with tags(…)` around the call."""
        return self.inherited_tags | self.task.tags

    @property
    def is_mapped(self) -> bool:
        """Whether it runs once for each item of an argument."""
        return bool(self.mapped)

    @property
    def run(self) -> Callable[..., Any]:
        """The function of the task, to be called by itself."""
        return self.task.fn

    def needs(self) -> list[Node]:
        """The nodes that have to end before this one begins, each once: those of its arguments, then the others."""
        return list(dict.fromkeys([*nodes_in(self.parameters), *self.upstream]))

    def set_upstream(self, task: Any, flow: Any = None, key: str | None = None, mapped: bool = False) -> None:
        """Begin only when `task`, or each of a list of them, has ended; with `key`, its result is that argument. `flow`
        None is that of the node, else of the block."""
        graph = self._graph(flow)
        if key is not None:
            graph.give(self, key, graph.as_argument(task), mapped=mapped)
        else:
            graph.depend(self, upstream=task if isinstance(task, (list, tuple, set)) else [task])

    def set_downstream(self, task: Any, flow: Any = None, key: str | None = None, mapped: bool = False) -> None:
        """`task` begins only when this one has ended; with `key`, this one's result is that argument of it."""
        graph = self._graph(flow)
        for each in task if isinstance(task, (list, tuple, set)) else [task]:
            graph.connect(self, graph.node_of(each), key=key, mapped=mapped)

    def set_dependencies(
        self,
        flow: Any = None,
        upstream_tasks: Iterable[Any] | None = None,
        downstream_tasks: Iterable[Any] | None = None,
        keyword_tasks: dict[str, Any] | None = None,
        mapped: bool = False,
    ) -> None:
        """`set_upstream`, `set_downstream` and arguments by name in one call; an argument may also be a value."""
        self._graph(flow).depend(
            self, upstream=upstream_tasks, downstream=downstream_tasks, keywords=keyword_tasks, mapped=mapped
        )

    bind = set_dependencies

    def __call__(self, *arguments: Any, **keywords: Any) -> Node:
        """One more call of the same task."""
        return the_block().call(self.task, arguments, keywords)

    def __iter__(self) -> Iterator[Node]:
        """As many nodes as the task returns values: `nout` of the task, else what its return hint says."""
        number = number_of_results(self.task)
        if number is None:
            raise BuildError(
                f"{self.name!r} cannot be taken apart in the block: nobody knows yet what it returns. Run a task for "
                f"each item with `other_task.map({self.task.name}(…))`, or say how many values there are with "
                "`@task(nout=2)`"
            )
        return iter([self[index] for index in range(number)])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or "task" not in self.__dict__:  # a copy that is being made has nothing yet
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise AttributeError(
            f"{self.name!r} is no value yet, only what stands for one: it has no attribute {name!r}. Use the value "
            "inside a task, or look at `flow.run().result[…].result`"
        )

    def _graph(self, flow: Any) -> NodeGraph:
        if flow is not None:
            found: NodeGraph = flow.graph
        elif self.graph is not None:
            found = self.graph
        else:
            found = the_block().graph
        found.add(self)
        return found


def nodes_in(value: Any) -> list[Node]:
    """All nodes in the value, also inside lists, tuples, sets, dictionaries and annotations, each once."""
    found: dict[Node, None] = {}

    def note(node: Node) -> Node:
        found[node] = None
        return node

    with_nodes_replaced(value, note)
    return list(found)


def with_nodes_replaced(value: Any, replace: Callable[[Node], Any]) -> Any:
    """The value with `replace(node)` in place of each node. Annotations stay around what they hold."""
    if isinstance(value, Node):
        return replace(value)
    if isinstance(value, Annotation):
        return type(value)(with_nodes_replaced(value.value, replace))
    kind = type(value)
    if kind is dict:
        return {key: with_nodes_replaced(item, replace) for key, item in value.items()}
    if kind in (list, tuple, set, frozenset):
        return kind([with_nodes_replaced(item, replace) for item in value])
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return kind(*[with_nodes_replaced(item, replace) for item in value])
    return value
