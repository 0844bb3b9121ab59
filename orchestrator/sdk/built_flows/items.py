"""A mapped node, taken apart: what each of its runs is given, and what each depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.sdk.built_flows.annotations import flatten
from orchestrator.sdk.built_flows.nodes import Node, nodes_in
from orchestrator.sdk.dependencies.annotations import Annotation, allow_failure
from orchestrator.sdk.dependencies.futures import TaskFuture
from orchestrator.sdk.errors import MappingError
from orchestrator.sdk.outcomes.states import MISSING, State


@dataclass(slots=True)
class Children:
    """The runs of a node: one, or of a mapped node one for each item."""

    futures: list[TaskFuture[Any]]
    is_mapped: bool = False

    @classmethod
    def one(cls, future: TaskFuture[Any]) -> Children:
        return cls([future])


@dataclass(slots=True)
class OwnInputs:
    """Of one run of a mapped node: the states that are its own business, and the nodes among its arguments."""

    states: list[State] = field(default_factory=list)
    inputs: frozenset[Node] = frozenset()


def items_of(
    node: Node, children: Mapping[Node, Children], as_input: Callable[[Any], Any]
) -> Iterator[tuple[dict[str, Any], OwnInputs]]:
    """The arguments of each run, as many as the shortest of what is taken apart has items; of a node that is not
    mapped, those of its one run. `as_input` is what an argument becomes that is neither taken apart nor flattened.

    Raises MappingError for a result that has no items.
    """
    apart = {name: _taken_apart(node, name, children, as_input) for name in node.mapped}
    fixed = {}
    inputs: set[Node] = set()
    for name, value in node.parameters.items():
        if name in apart:
            continue
        if isinstance(value, flatten):
            fixed[name] = _taken_apart(node, name, children, as_input)
        else:
            fixed[name] = as_input(value)
            inputs.update(nodes_in(value))
    return _each(node, apart, fixed, inputs)


def _each(
    node: Node, apart: dict[str, list[Any]], fixed: dict[str, Any], inputs: set[Node]
) -> Iterator[tuple[dict[str, Any], OwnInputs]]:
    nodes_of = {name: nodes_in(node.parameters[name]) for name in apart}
    known: dict[tuple[str, ...], frozenset[Node]] = {}  # by the names of the arguments that are results
    for index in range(min((len(items) for items in apart.values()), default=1)):
        futures = {name: future for name, items in apart.items() if (future := _future(items[index])) is not None}
        names = tuple(futures)
        if names not in known:
            known[names] = frozenset(inputs).union(*(nodes_of[name] for name in names))
        given = {name: apart[name][index] if name in apart else fixed[name] for name in node.parameters}
        yield given, OwnInputs([future.state for future in futures.values()], known[names])


def _taken_apart(node: Node, name: str, children: Mapping[Node, Children], as_input: Callable[[Any], Any]) -> list[Any]:
    value = node.parameters[name]
    flat = isinstance(value, flatten)
    while isinstance(value, Annotation):
        value = value.value
    items: Any = as_input(value)
    if isinstance(value, Node) and value in children and not children[value].is_mapped:
        items = _result(items)
    elif flat:
        items = [_result(item) for item in items]
    if flat:
        return [each for item in items for each in _as_list(node, name, item)]
    return _as_list(node, name, items)


def _as_list(node: Node, name: str, items: Any) -> list[Any]:
    if not hasattr(type(items), "__iter__") or isinstance(items, (str, bytes, bytearray, dict)):
        raise MappingError(
            f"Task {node.name!r} is mapped over {name!r}, which is no list but {type(items).__name__} {items!r:.80}; "
            f"put it into unmapped(…) to give it to every run"
        )
    return list(items)


def _result(item: Any) -> Any:
    future = _future(item)
    if future is None:
        return item
    state = future.state
    return state.outcome if state.outcome is not MISSING else state.result(raise_on_failure=False)


def _future(item: Any) -> TaskFuture[Any] | None:
    inner = item.value if isinstance(item, allow_failure) else item
    return inner if isinstance(inner, TaskFuture) else None
