"""What `flow.run()` gives: the state of the run, and through it the states of its nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.outcomes.signals import SKIPPED
from orchestrator.sdk.outcomes.states import MISSING, State

if TYPE_CHECKING:
    from orchestrator.sdk.built_flows.graph import NodeGraph
    from orchestrator.sdk.built_flows.nodes import Node


class BuiltState:
    """The state of a run, with questions as Prefect 1 asks them; everything else is that of `state`."""

    def __init__(self, state: State, result: Any) -> None:
        self.state = state
        self.result = result

    def __repr__(self) -> str:
        return f"<{self.state.name}: {self.state.message!r}>" if self.state.message else f"<{self.state.name}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "state":
            raise AttributeError(name)
        return getattr(self.state, name)

    def is_finished(self) -> bool:
        """Whether the run has ended, however it ended."""
        return self.state.is_terminal

    def is_successful(self) -> bool:
        """Whether it has completed; a skipped one has."""
        return self.state.is_completed()

    def is_failed(self) -> bool:
        """Whether it ended without having completed."""
        return self.state.is_terminal and not self.state.is_completed()

    def is_skipped(self) -> bool:
        """Whether it did nothing, on purpose."""
        return self.state.is_completed() and self.state.name == SKIPPED

    def is_mapped(self) -> bool:
        """Whether there were several runs, one for each item."""
        return False


class TaskOutcome(BuiltState):
    """The state of a node. `result` is what it returned, or the exception that ended it."""

    def __init__(self, state: State) -> None:
        super().__init__(state, _value_of(state))


class MappedOutcome(BuiltState):
    """The state of a node that ran once for each item. `map_states` are those of its runs, `result` what they returned,
    both in the order of the items. It has completed when all of them have."""

    def __init__(self, state: State, map_states: list[TaskOutcome]) -> None:
        super().__init__(state, [each.result for each in map_states])
        self.map_states = map_states

    def is_mapped(self) -> bool:
        return True


class FlowOutcome(BuiltState):
    """The state of a flow run. `result[node]` is the state of that node; `result()` is what the run returned, as for
    every flow."""

    result: NodeOutcomes

    def __init__(self, state: State, nodes: NodeOutcomes) -> None:
        super().__init__(state, nodes)


class NodeOutcomes(Mapping[Any, BuiltState]):
    """Node → its state. A task that was added without being called is a key, too."""

    def __init__(self, graph: NodeGraph, found: Mapping[Node, BuiltState], run_result: Callable[..., Any]) -> None:
        self._graph = graph
        self._found = found
        self._run_result = run_result

    def __repr__(self) -> str:
        return f"NodeOutcomes({dict(self._found)!r})"

    def __call__(self, raise_on_failure: bool = True) -> Any:
        return self._run_result(raise_on_failure=raise_on_failure)

    def __getitem__(self, key: Any) -> BuiltState:
        node = self._graph.known(key)
        if node is None or node not in self._found:
            raise KeyError(key)
        return self._found[node]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __bool__(self) -> bool:
        return bool(self._found)


def _value_of(state: State) -> Any:
    if state.outcome is not MISSING:
        return state.outcome
    return state.result(raise_on_failure=False) if state.has_persisted_result else None
