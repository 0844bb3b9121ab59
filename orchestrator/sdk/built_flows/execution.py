"""One run of a built flow: its nodes, each as soon as what it needs has ended."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.built_flows.annotations import flatten
from orchestrator.sdk.built_flows.items import Children, items_of
from orchestrator.sdk.built_flows.nodes import Node, nodes_in, with_nodes_replaced
from orchestrator.sdk.built_flows.outcomes import BuiltState, MappedOutcome, TaskOutcome
from orchestrator.sdk.built_flows.parameter import Parameter
from orchestrator.sdk.built_flows.triggers import verdict
from orchestrator.sdk.context import tags
from orchestrator.sdk.dependencies.annotations import allow_failure
from orchestrator.sdk.dependencies.futures import TaskFuture
from orchestrator.sdk.engine.pools import stepping_aside
from orchestrator.sdk.errors import MappingError
from orchestrator.sdk.outcomes.states import Completed, Failed, State
from orchestrator.sdk.runners.submitting import submit
from orchestrator.sdk.tasks.task_run import TaskRun

if TYPE_CHECKING:
    from orchestrator.sdk.built_flows.graph import NodeGraph


class Execution:
    """Nodes are submitted to the pool of the flow run when all that they need has ended, so no thread waits for
    another one. A mapped node begins when all items are known."""

    def __init__(self, graph: NodeGraph, values: Mapping[str, Any]) -> None:
        self._graph = graph
        self._order = graph.in_order()
        self._needs = {node: node.needs() for node in self._order}  # asked once: arguments may be long lists
        self._values: dict[Node, Any] = {
            node: node.converted(values[node.name]) for node in self._order if isinstance(node, Parameter)
        }
        self._children: dict[Node, Children] = {}
        self.outcomes: dict[Node, BuiltState] = {
            node: TaskOutcome(Completed(data=value)) for node, value in self._values.items()
        }

    def run(self) -> State:
        """Run every node that is to be run. Returns the state that the flow run ends in."""
        after: dict[Node, list[Node]] = {node: [] for node in self._order}
        lacking: dict[Node, int] = {}
        for node in self._order:
            needed = [each for each in self._needs[node] if each not in self._values]
            lacking[node] = len(needed)
            for each in needed:
                after[each].append(node)
        ready = deque(node for node in self._order if not lacking[node] and node not in self._values)
        running: dict[Node, int] = {}
        ended: SimpleQueue[Node] = SimpleQueue()
        while ready or running:
            while ready:
                node = ready.popleft()
                futures = self._begin(node)
                running[node] = len(futures)
                for future in futures:
                    future.add_done_callback(lambda _, node=node: ended.put(node))  # type: ignore[misc]
                if not futures:
                    running[node] = 1
                    ended.put(node)
            with stepping_aside():
                node = ended.get()
            running[node] -= 1
            if running[node]:
                continue
            del running[node]
            self.outcomes[node] = self._outcome(node)
            for each in after[node]:
                lacking[each] -= 1
                if not lacking[each]:
                    ready.append(each)
        return self._final()

    def _begin(self, node: Node) -> list[TaskFuture[Any]]:
        """The futures of its runs; none of a node that is mapped over nothing."""
        with tags(*node.inherited_tags):
            children = self._children[node] = self._runs_of(node)
        return children.futures

    def _runs_of(self, node: Node) -> Children:
        states = self._states_before(node)
        ended = verdict(node.task, [state for each in states for state in each])
        if ended is not None:
            parameters = {name: self._as_input(value) for name, value in node.parameters.items()}
            return Children.one(self._run(node, parameters, self._waited_for(node.upstream), ended))
        try:
            items = items_of(node, self._children, self._as_input)
            if not node.is_mapped:
                parameters, own = next(items)
                return Children.one(self._run(node, parameters, self._waited_for_beside(node, own.inputs), None))
        except MappingError as error:
            failed = Failed(message=str(error), data=error)
            return Children.one(self._run(node, {}, self._waited_for(self._needs[node]), failed))
        runs = []
        awaited: dict[frozenset[Node], list[Any]] = {}  # the same for nearly all of its runs
        for parameters, own in items:
            if own.inputs not in awaited:
                awaited[own.inputs] = self._waited_for_beside(node, own.inputs)
            runs.append(self._run(node, parameters, awaited[own.inputs], verdict(node.task, own.states)))
        return Children(runs, is_mapped=True)

    def _run(self, node: Node, parameters: dict[str, Any], wait_for: list[Any], ended: State | None) -> TaskFuture[Any]:
        if ended is None:
            return submit(node.task, parameters, wait_for=wait_for or None)
        run = TaskRun(node.task, parameters, wait_for=wait_for or None)
        future: TaskFuture[Any] = TaskFuture(run)
        future.settle(run.enter(ended))
        run.parameters, run.wait_for = {}, []
        log = run.logger.info if ended.is_completed() else run.logger.error
        log(f"Finished in state {future.state}")
        return future

    def _states_before(self, node: Node) -> list[list[State]]:
        """For each node that it needs, the states of its runs. Those that a mapped node takes apart, run by run, do
        not count for the node as a whole."""
        apart = {
            each
            for name in node.mapped
            if not isinstance(node.parameters[name], flatten)
            for each in nodes_in(node.parameters[name])
            if each not in node.upstream
        }
        return [
            [future.state for future in self._children[each].futures]
            for each in self._needs[node]
            if each in self._children and not (self._children[each].is_mapped and each in apart)
        ]

    def _as_input(self, value: Any) -> Any:
        """The value with futures in place of nodes, and the values of parameters."""
        return with_nodes_replaced(value, self._input_of)

    def _input_of(self, node: Node) -> Any:
        if node in self._values:
            return self._values[node]
        children = self._children[node]
        futures = [as_input(future) for future in children.futures]
        return futures if children.is_mapped else futures[0]

    def _waited_for(self, nodes: Iterable[Node]) -> list[Any]:
        return [as_input(future) for node in nodes if node in self._children for future in self._children[node].futures]

    def _waited_for_beside(self, node: Node, inputs: frozenset[Node]) -> list[Any]:
        """What a run of the node waits for and is not given."""
        return self._waited_for(each for each in self._needs[node] if each not in inputs)

    def _outcome(self, node: Node) -> BuiltState:
        children = self._children[node]
        each = [TaskOutcome(future.state) for future in children.futures]
        if not children.is_mapped:
            return each[0]
        bad = [one for one in each if one.is_failed()]
        if bad:
            message = f"{len(bad)} of {len(each)} task runs did not complete."
            return MappedOutcome(Failed(name="Mapped", message=message, data=bad[0].result), each)
        return MappedOutcome(Completed(name="Mapped", data=[one.result for one in each]), each)

    def _final(self) -> State:
        """What the reference nodes say."""
        references = self._graph.references()
        bad = [node for node in references if self.outcomes[node].is_failed()]
        if not bad:
            results = _by_name(references, self.outcomes)
            return Completed(message="All reference tasks succeeded.", data=results)
        names = ", ".join(repr(node.name) for node in bad)
        return Failed(message=f"Some reference tasks failed: {names}", data=self._cause(bad[0]))

    def _cause(self, node: Node) -> Any:
        """The exception at the root: of a node that never began, that of what it depends on."""
        while not isinstance(self.outcomes[node].state.outcome, BaseException):
            before = [each for each in self._needs[node] if self.outcomes[each].is_failed()]
            if not before:
                return None
            node = before[0]
        return self.outcomes[node].state.outcome


def as_input(future: TaskFuture[Any]) -> Any:
    """The future of a run that has ended, so that its failure is given to a node that runs in spite of it."""
    return future if future.state.is_completed() else allow_failure(future)


def _by_name(nodes: list[Node], outcomes: Mapping[Node, BuiltState]) -> dict[str, Any]:
    """Their results; several of one name are numbered."""
    found: dict[str, Any] = {}
    numbers: Counter[str] = Counter()
    for node in nodes:
        name = node.name
        while name in found:
            numbers[node.name] += 1
            name = f"{node.name}-{numbers[node.name] + 1}"
        found[name] = outcomes[node].result
    return found
