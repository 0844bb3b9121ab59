"""`with Flow("etl") as flow:`: calls of tasks inside are put together, and run when the flow does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from inspect import Parameter as SignatureParameter
from inspect import Signature
from typing import TYPE_CHECKING, Any, Self

from orchestrator.sdk.built_flows.blocks import OpenBlock
from orchestrator.sdk.built_flows.graph import NodeGraph
from orchestrator.sdk.built_flows.outcomes import FlowOutcome, NodeOutcomes
from orchestrator.sdk.built_flows.parameter import Parameter
from orchestrator.sdk.built_flows.places import place_of_the_author
from orchestrator.sdk.built_flows.wiring import Wiring
from orchestrator.sdk.context import current_block
from orchestrator.sdk.errors import BuildError, FlowNotFound
from orchestrator.sdk.flows.flow import Flow
from orchestrator.sdk.options.option_names import accepted_options
from orchestrator.sdk.options.parameters import Binder
from orchestrator.sdk.runners.choosing import checked_runner

if TYPE_CHECKING:
    from orchestrator.sdk.built_flows.execution import Execution
    from orchestrator.sdk.graphs.model import Graph
    from orchestrator.sdk.graphs.picture import FlowPicture
    from orchestrator.sdk.outcomes.states import State


class BuiltFlow(Wiring, Flow[..., Any]):
    """A flow without a function: its tasks were called in a block. Made by `Flow("a name")`.

    A run is an ordinary flow run. Each node is one task run, a mapped one several; each begins as soon as what it needs
    has ended. The run has completed when its reference tasks have: the last ones, unless others were set.

    name: what it is called on the server.
    schedule: when runs of its deployments begin; see `deploy`. `run` takes no notice of it.
    executor: where the tasks execute; the same as `task_runner`.
    tasks: tasks to begin with, edges between them, and those that decide about the run.
    edges: as `add_edge` takes them.
    reference_tasks: as `set_reference_tasks` takes them.
    options: the options of every flow.
    """

    def __init__(
        self,
        name: Any = None,
        schedule: Any = None,
        executor: Any = None,
        *,
        tasks: Iterable[Any] = (),
        edges: Iterable[tuple[Any, ...]] = (),
        reference_tasks: Iterable[Any] = (),
        **options: Any,
    ) -> None:
        if not isinstance(name, str) or not name:
            raise BuildError(f"The name of a flow is {name!r}; a text is needed")
        given = accepted_options(options, known=self._option_names, kind="flow")
        if executor is not None:
            given["task_runner"] = executor
        for hook in ("on_failure", "on_completion"):
            if callable(given.get(hook)):
                given[hook] = [_with_flow_and_state(given[hook])]
        self.graph = NodeGraph(name)
        self._module = place_of_the_author()[0]
        self._open: list[Any] = []
        super().__init__(self._function(), name=name, schedule=schedule, **given)
        self._follow()
        for task in tasks:
            self.add_task(task)
        for edge in edges:
            self.add_edge(*edge)
        self.set_reference_tasks(list(reference_tasks))

    def __enter__(self) -> Self:
        self._open.append(current_block.set(OpenBlock(self)))
        return self

    def __exit__(self, *_: Any) -> None:
        current_block.reset(self._open.pop())

    def run(
        self,
        parameters: Mapping[str, Any] | None = None,
        run_on_schedule: bool | None = None,
        executor: Any = None,
        **more_parameters: Any,
    ) -> FlowOutcome:
        """Run the flow here, once, and give its state: `state.result[node].result` is what a node returned.

        Nothing that a task raises is raised. `executor` None takes that of the flow. Raises ParameterBindError for
        parameters that are not those of the flow, and BuildError for a circle, or with `run_on_schedule=True`.
        """
        if run_on_schedule:
            raise BuildError("flow.run() runs once. Use flow.serve(…), which makes the runs of the schedule here")
        self.validate()
        flow = self if executor is None else self.with_options(task_runner=executor)
        watch = _Watch(self.graph)
        token = _watch.set(watch)
        try:
            state: State = Flow.__call__(flow, return_state=True, **{**(parameters or {}), **more_parameters})
        finally:
            _watch.reset(token)
        outcomes = watch.execution.outcomes if watch.execution is not None else {}
        return FlowOutcome(state, NodeOutcomes(self.graph, outcomes, state.result))

    @property
    def executor(self) -> Any:
        """Where the tasks execute; the same as `task_runner`."""
        return self.task_runner

    @executor.setter
    def executor(self, given: Any) -> None:
        self.task_runner = checked_runner(given)

    def register(
        self,
        project_name: str,
        labels: Iterable[str] = (),
        set_schedule_active: bool = True,
        build: bool = True,
        no_url: bool = False,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> str:
        """`deploy` under the name of the project, so that workers run it; returns the deployment's id.

        `labels` become tags. `set_schedule_active=False` makes it paused. `build` and `idempotency_key` are taken and
        change nothing; `no_url` says nothing about where to look. `options` are those of `deploy`.
        """
        options.setdefault("tags", list(labels))
        if not set_schedule_active:
            options.setdefault("paused", True)
        deployment_id: str = self.deploy(project_name, print_next_steps=not no_url, **options)
        return deployment_id

    def visualize(  # type: ignore[override]  # as Prefect 1 has it, and as all flows here
        self,
        flow_state: Any = None,
        filename: str | os.PathLike[str] | None = None,
        format: str | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
    ) -> FlowPicture:
        """The graph as an SVG picture; `filename` or `path` writes it there, the ending is added to `filename`.

        `flow_state` changes nothing. Raises DefinitionError for another format than svg.
        """
        from orchestrator.sdk.errors import DefinitionError
        from orchestrator.sdk.graphs.picture import FlowPicture

        if format not in (None, "svg"):
            raise DefinitionError(f"The picture is an SVG, no {format!r}: leave format= out")
        if isinstance(flow_state, str) and flow_state.endswith(".svg") and filename is None:
            path = flow_state
        picture = FlowPicture(self.static_graph())
        if filename is not None and path is None:
            path = f"{str(filename).removesuffix('.svg')}.svg"
        if path is not None:
            picture.save(path)
        return picture

    def static_graph(self) -> Graph:
        """What pictures and definitions are made of."""
        from orchestrator.sdk.built_flows.picture import static_graph

        return static_graph(self.graph)

    def serialize(self, build: bool = False) -> dict[str, Any]:
        """The definition as JSON values; the same as `model_dump()`. `build` changes nothing."""
        return self.model_dump()

    def place_of_code(self) -> tuple[str, str]:
        """The file in which it was made, and the name of the variable that holds it. Raises FlowNotFound."""
        module = sys.modules.get(self._module)
        for name, value in vars(module).items() if module is not None else ():
            if isinstance(value, BuiltFlow) and value.graph is self.graph and not name.startswith("_"):
                file = getattr(module, "__file__", None)
                return os.path.abspath(file) if file else "", name
        raise FlowNotFound(
            f"Flow {self.name!r} is in no variable of a module, where a worker could find it: write "
            f'`with Flow("{self.name}") as flow:` at the top of a file'
        )

    def _copy(self, fn: Callable[..., Any], options: dict[str, Any]) -> Self:
        hooks = {option: getattr(self, f"{option}_hooks") for option in self._hook_options}
        given = {**self._options, "name": self.name, **hooks, **options}
        copy = type(self)(given.pop("name"), **given)
        copy.graph, copy.source, copy._module = self.graph, self.source, self._module
        copy._follow()
        return copy

    def _follow(self) -> None:
        self.graph.followers.add(self)
        self.take_parameters()

    def take_parameters(self) -> None:
        """The signature is that of the parameters which the nodes have now."""
        self.fn = self._function()
        self.binder = Binder(self.fn, kind="flow", name=self.name)
        self._types = None

    def _function(self) -> Callable[..., Any]:
        def run_nodes(**values: Any) -> Any:
            from orchestrator.sdk.built_flows.execution import Execution

            execution = Execution(self.graph, values)
            watch = _watch.get()
            if watch is not None and watch.graph is self.graph:
                watch.execution = execution
            return execution.run()

        function: Any = run_nodes
        function.__name__ = function.__qualname__ = self.graph.flow_name
        function.__module__ = self._module
        function.__annotations__ = {}
        function.__signature__ = Signature(
            [
                SignatureParameter(
                    node.name,
                    SignatureParameter.KEYWORD_ONLY,
                    default=SignatureParameter.empty if node.required else node.default,
                )
                for node in self.graph.nodes
                if isinstance(node, Parameter)
            ]
        )
        return run_nodes


class _Watch:
    """Whoever called `run` wants to see the states of the nodes."""

    def __init__(self, graph: NodeGraph) -> None:
        self.graph = graph
        self.execution: Execution | None = None


_watch: ContextVar[_Watch | None] = ContextVar("orchestrator_built_run", default=None)


def _with_flow_and_state(fn: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    """A hook of Prefect 1, which is not shown the run."""

    def hook(flow: Any, _: Any, state: Any) -> Any:
        return fn(flow, state)

    return hook
