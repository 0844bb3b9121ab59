"""Branches of a built flow: `case`, `switch`, `ifelse`, and `merge`, which brings them together again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from orchestrator.sdk.built_flows.nodes import Node
from orchestrator.sdk.built_flows.opening import the_block
from orchestrator.sdk.errors import BuildError
from orchestrator.sdk.options.triggers import not_all_skipped
from orchestrator.sdk.outcomes.signals import SKIP
from orchestrator.sdk.tasks.task import Task


class case:
    """`with case(kind, "csv"):` inside a block: what is called in it runs when the result of `kind` equals the value,
    else it is skipped, with all that depends on it.

    task: what is compared, a node or a task that is added without being called.
    value: a constant. Raises BuildError for a node.
    """

    def __init__(self, task: Any, value: Any) -> None:
        if isinstance(value, Node):
            raise BuildError(f"The value of a case is a constant, not {value!r}; compare two results with `a == b`")
        self.task = task
        self.value = value
        self._made: dict[Node, None] = {}

    def __enter__(self) -> None:
        block = the_block()
        self._outer, block.case = block.case, self

    def __exit__(self, kind: Any, *_: Any) -> None:
        block = the_block()
        block.case = self._outer
        if kind is not None or not self._made:
            return
        compared = _compared(self.task, self.value, name=f"case({self.value})")
        for node in self._made:
            node.may_be_skipped = True
            if not any(needed in self._made for needed in node.needs()):
                block.graph.connect(compared, node)

    def note(self, node: Node) -> None:
        """The node was made inside."""
        self._made[node] = None


def switch(condition: Any, cases: Mapping[Any, Any], mapped: bool = False) -> None:
    """Run the one of `cases`, value → task or node, whose value the condition's result equals; skip the others.

    Raises BuildError for `mapped=True`: map a task that looks at its item instead.
    """
    if mapped:
        raise BuildError("switch(…, mapped=True) is not offered; map a task that looks at its item instead")
    graph = the_block().graph
    for value, task in cases.items():
        node = graph.node_of(task)
        node.may_be_skipped = True
        graph.connect(_compared(condition, value, name=f'CompareValue: "{value}"'), node)


def ifelse(condition: Any, true_task: Any, false_task: Any, mapped: bool = False) -> None:
    """Run one of two tasks or nodes, by whether the condition's result counts as true; skip the other. None is none."""
    graph = the_block().graph
    truth = the_block().call(Task(_as_bool, name="as_bool"), (graph.node_of(condition),), {})
    cases = {True: true_task, False: false_task}
    switch(truth, {value: task for value, task in cases.items() if task is not None}, mapped)


def merge(*tasks: Any, flow: Any = None, mapped: bool = False, **options: Any) -> Node:
    """The first result that is not None: of branches all but one of which are skipped, that one's.

    It is skipped only when all are. `options` are those of a task. `flow` None is that of the block. Raises BuildError
    for `mapped=True`.
    """
    if mapped:
        raise BuildError("merge(…, mapped=True) is not offered; map a task that looks at its item instead")
    graph = (flow or the_block()).graph
    task = Task(_first, name="Merge", trigger=not_all_skipped, skip_on_upstream_skip=False)
    node = Node(task.with_options(**options) if options else task, {"results": [graph.node_of(each) for each in tasks]})
    graph.add(node)
    return node


def _compared(condition: Any, value: Any, *, name: str) -> Node:
    block = the_block()
    node = block.call(Task(partial(_compare, value), name=name), (block.graph.node_of(condition),), {})
    node.decides = True
    return node


def _compare(expected: Any, value: Any) -> None:
    if value != expected:
        raise SKIP(f"{value!r} is not {expected!r}")


def _as_bool(x: Any) -> bool:
    return bool(x)


def _first(results: list[Any]) -> Any:
    return next((each for each in results if each is not None), None)
