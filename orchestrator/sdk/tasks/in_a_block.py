"""What can be done with a task, without calling it, while a flow is built: `load.set_upstream(extract)`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.context import current_block
from orchestrator.sdk.errors import BuildError

if TYPE_CHECKING:
    from orchestrator.sdk.built_flows.nodes import Node


class Connectable:
    """A task that is used without being called is one node of the flow, however often it is used.

    `flow` is a built flow; None is the one of the block. Raises BuildError outside of a block.
    """

    def set_upstream(self, task: Any, flow: Any = None, key: str | None = None, mapped: bool = False) -> None:
        """Begin only when `task` has ended; with `key`, its result is that argument."""
        self._node(flow).set_upstream(task, key=key, mapped=mapped)

    def set_downstream(self, task: Any, flow: Any = None, key: str | None = None, mapped: bool = False) -> None:
        """`task` begins only when this one has ended; with `key`, this one's result is that argument of it."""
        self._node(flow).set_downstream(task, key=key, mapped=mapped)

    def set_dependencies(
        self,
        flow: Any = None,
        upstream_tasks: Iterable[Any] | None = None,
        downstream_tasks: Iterable[Any] | None = None,
        keyword_tasks: dict[str, Any] | None = None,
        mapped: bool = False,
    ) -> None:
        """Several of these at once, and arguments by name."""
        self._node(flow).set_dependencies(
            upstream_tasks=upstream_tasks, downstream_tasks=downstream_tasks, keyword_tasks=keyword_tasks, mapped=mapped
        )

    def bind(
        self,
        *arguments: Any,
        flow: Any = None,
        mapped: bool = False,
        upstream_tasks: Iterable[Any] | None = None,
        **keywords: Any,
    ) -> Any:
        """Give this task its arguments, without making another node of it. Returns the task."""
        node = self._node(flow)
        signature = node.task.binder.signature
        node.set_dependencies(
            upstream_tasks=upstream_tasks,
            keyword_tasks=dict(signature.bind_partial(*arguments, **keywords).arguments),
            mapped=mapped,
        )
        return self

    def _node(self, flow: Any) -> Node:
        block = current_block.get()
        if flow is None and (block is None or not block.is_open_here):
            raise BuildError(
                'A task is connected with others while a flow is built: inside `with Flow("a name") as flow:`, or '
                "with flow=…"
            )
        graph = flow.graph if flow is not None else block.graph  # type: ignore[union-attr]  # there is one
        node: Node = graph.node_of(self)
        return node
