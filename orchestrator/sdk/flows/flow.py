"""`@flow`: a function whose calls are runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal, ParamSpec, Self, TypeVar, overload

from orchestrator.sdk.both_ways import both_ways
from orchestrator.sdk.engine.conversation import drive, drive_async
from orchestrator.sdk.engine.items import drive_items, drive_items_async
from orchestrator.sdk.flows.given_options import checked_schedule, serializer_of, storage_of
from orchestrator.sdk.options.checks import checked_name, checked_retries, checked_seconds, checked_switch
from orchestrator.sdk.options.decorated import DecoratedFunction
from orchestrator.sdk.options.defaults import default_flow_retry_delay, default_log_prints, default_retries
from orchestrator.sdk.options.hooks import Hook
from orchestrator.sdk.options.loadable import Loadable
from orchestrator.sdk.options.option_names import as_seconds, decorated
from orchestrator.sdk.options.parameters import Binder
from orchestrator.sdk.runners.choosing import checked_runner
from orchestrator.sdk.tasks.keys import task_key
from orchestrator.sdk.timing.retries import checked_single_delay

if TYPE_CHECKING:
    import os

    from orchestrator.sdk.deployments.flow_deployment import FlowDeployment
    from orchestrator.sdk.deployments.sources import FlowSource
    from orchestrator.sdk.flows.flow_run import FlowRun
    from orchestrator.sdk.graphs.picture import FlowPicture
    from orchestrator.sdk.options.run_names import RunName
    from orchestrator.sdk.outcomes.states import State
    from orchestrator.sdk.type_hints.calls import ParameterTypes

P = ParamSpec("P")
R = TypeVar("R")


class Flow(Loadable, DecoratedFunction[P, R]):
    """A flow. Calling it runs it, inside another flow as a subflow; made by `@flow`.

    name: what it is called on the server; None takes the function's, with dashes.
    description: None takes the docstring.
    tags: given to every run, and to its task runs.
    version: any text; kept with every run.
    flow_run_name: a text with parameters, `"load-{table}"`, or a function that gives the name; None lets the server
    choose.
    retries: the tries after the first.
    retry_delay_seconds: the pause before each, in seconds or as a timedelta; None is no pause.
    timeout_seconds: after this many seconds a run fails as TimedOut; None is no limit.
    validate_parameters: make the arguments what the type hints say, and refuse those that cannot be.
    persist_result: store what a run returns, and what its tasks return unless they say otherwise; False does not. None
    does when a storage or a serializer is given, else as the settings say.
    result_storage: a path, an address that fsspec knows, or a block; None is the default.
    result_serializer: "pickle", "json", "compressed/pickle", "compressed/json" or an object; None is the default.
    cache_result_in_memory: False forgets a result once it is stored; whoever asks for it reads it again.
    log_prints: make what the flow and its tasks print part of the log.
    task_runner: where submitted tasks execute, a task runner or its class; None is threads.
    on_completion, on_failure, on_cancellation, on_crashed, on_running: lists of functions that are called with the
    flow, the run and its state when a run has come to that; the first four with the last state only, so not before
    a retry. Also where the run's process had to be killed.
    schedule: what deployments of the flow begin by unless they are given another: what Cron, Interval and RRule make.
    Calls of the flow take no notice of it.
    """

    _kind = "flow"
    for_a_name: ClassVar[Callable[[], type[Flow[..., Any]]] | None] = None  # whose `Flow("a name")` is; see built_flows

    def __new__(cls, fn: Any = "", *_: Any, **__: Any) -> Any:
        named = Flow.for_a_name if cls is Flow and isinstance(fn, str) else None
        return super().__new__(cls if named is None else named())

    def __init__(
        self,
        fn: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        tags: Iterable[str] | None = None,
        version: str | None = None,
        flow_run_name: RunName = None,
        retries: int | None = None,
        retry_delay_seconds: float | None = None,
        timeout_seconds: float | None = None,
        validate_parameters: bool = True,
        persist_result: bool | None = None,
        result_storage: Any = None,
        result_serializer: Any = None,
        cache_result_in_memory: bool = True,
        log_prints: bool | None = None,
        task_runner: Any = None,
        on_completion: Iterable[Hook] | None = None,
        on_failure: Iterable[Hook] | None = None,
        on_cancellation: Iterable[Hook] | None = None,
        on_crashed: Iterable[Hook] | None = None,
        on_running: Iterable[Hook] | None = None,
        schedule: Any = None,
    ) -> None:
        options = {
            "name": name,
            "description": description,
            "tags": tags,
            "version": version,
            "flow_run_name": flow_run_name,
            "retries": retries,
            "retry_delay_seconds": retry_delay_seconds,
            "timeout_seconds": timeout_seconds,
            "validate_parameters": validate_parameters,
            "persist_result": persist_result,
            "result_storage": result_storage,
            "result_serializer": result_serializer,
            "cache_result_in_memory": cache_result_in_memory,
            "log_prints": log_prints,
            "task_runner": task_runner,
            "schedule": schedule,
        }
        hooks = {
            "on_completion": on_completion,
            "on_failure": on_failure,
            "on_cancellation": on_cancellation,
            "on_crashed": on_crashed,
            "on_running": on_running,
        }
        super().__init__(fn, options=options, hooks=hooks)
        self.name = checked_name(name, kind="flow") or _own_name(self.fn)
        self.flow_run_name = flow_run_name
        self.retries = checked_retries(default_retries("FLOWS") if retries is None else retries)
        if retry_delay_seconds is None and self.retries:
            retry_delay_seconds = default_flow_retry_delay()
        self.retry_delay = checked_single_delay(as_seconds(retry_delay_seconds))
        self.timeout_seconds = checked_seconds(timeout_seconds, "timeout_seconds", zero=False)
        self.should_validate_parameters = bool(validate_parameters)
        self.persist_result = checked_switch(persist_result, option="persist_result")
        self.result_storage = storage_of(result_storage)
        self.result_serializer = serializer_of(result_serializer)
        if self.result_storage is not None and self.result_serializer is not None:
            from orchestrator.sdk.results.readers import tell

            tell(self.result_storage, self.result_serializer)
        self.cache_result_in_memory = bool(cache_result_in_memory)
        self.log_prints = default_log_prints() if log_prints is None else bool(log_prints)
        self.task_runner = checked_runner(task_runner)
        self.schedule = checked_schedule(schedule)
        self.source: FlowSource | None = None  # where workers get the code, if it was got from there; see from_source
        self.task_key = task_key(self.fn)
        self.binder = Binder(self.fn, kind="flow", name=self.name)
        self._types: ParameterTypes | None = None

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...

    @overload
    def __call__(self, *args: Any, wait_for: Any, return_state: Literal[False] = ..., **kwargs: Any) -> R: ...

    @overload
    def __call__(self, *args: Any, return_state: bool, wait_for: Any = ..., **kwargs: Any) -> Any: ...

    def __call__(  # type: ignore[misc]  # its own keywords stand among those of the function
        self, *args: Any, wait_for: Any = None, return_state: bool = False, **kwargs: Any
    ) -> Any:
        """Run the flow here: its result, or with `return_state` its final state. An async flow gives an awaitable, a
        generator flow its items one at a time, with `return_state` none of them.

        `wait_for` are futures or states that must have completed before it begins. Raises what ended the run: the
        function's exception, or that of a state or future it returned; ParameterBindError for arguments that are not
        those of the function, ParameterTypeError for those that its type hints refuse.
        """
        from orchestrator.sdk.api.client import current_client
        from orchestrator.sdk.context import current_flow_run
        from orchestrator.sdk.flows.flow_execution import converse
        from orchestrator.sdk.flows.flow_run import FlowRun

        parameters = self.binder.bind(args, kwargs)
        parent = current_flow_run.get()
        client = parent.client if parent is not None else current_client()
        run = FlowRun(self, parameters, client=client, wait_for=wait_for)
        if self.is_generator and not return_state:
            return self._items_async(run) if self.is_async else self._items(run)
        if self.is_async:
            return self._call_async(run, return_state=return_state)
        state = drive(converse(run))
        return state if return_state else state.result()

    @property
    def retry_delay_seconds(self) -> float:
        """The pause before each retry, in seconds."""
        return self.retry_delay

    @property
    def parameters(self) -> dict[str, Any]:
        """The JSON schema of the parameters."""
        from orchestrator.sdk.type_hints.parameter_schemas import parameter_schema

        return parameter_schema(self.fn)

    def validate_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters as the type hints say: `{"day": "2026-11-21"}` with a date for `day: date`.

        Raises ParameterTypeError with all that is wrong. Parameters without a hint stay as they are.
        """
        if not getattr(self.fn, "__annotations__", True):
            return parameters
        if self._types is None:
            from orchestrator.sdk.type_hints.calls import ParameterTypes

            self._types = ParameterTypes(self.fn, name=f"flow {self.name!r}")
        return self._types.fit(parameters)

    def accepted_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """What a run is executed with: validated, unless the flow says `validate_parameters=False`."""
        return self.validate_parameters(parameters) if self.should_validate_parameters else parameters

    @both_ways
    @staticmethod
    def from_source(source: Any, entrypoint: str) -> Flow[Any, Any]:
        """A flow out of git, an archive or a storage, for `deploy`. See `sources.from_source`.

        In async code: `await flow.from_source(…)`, or `afrom_source`.
        """
        from orchestrator.sdk.deployments.sources import from_source

        return from_source(source, entrypoint)

    def _with_source(self, options: dict[str, Any]) -> dict[str, Any]:
        return options if self.source is None else self.source.options(options)

    def visualize(self, *args: Any, path: str | os.PathLike[str] | None = None, **kwargs: Any) -> FlowPicture:
        """The static graph of the flow as an SVG picture, without running it: `picture.svg`, `picture.save(path)`,
        and a notebook shows it by itself.

        `path`, also as the first argument when it ends in `.svg`, writes it there. Arguments of the flow may be given
        and change nothing. Raises SourceUnavailable when the flow's source cannot be read, and TypeError for a keyword
        that is neither `path` nor a parameter.
        """
        from orchestrator.sdk.graphs.picture import visualize

        return visualize(self, args, kwargs, path)

    def model_dump(
        self,
        *,
        mode: str = "json",
        include: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        exclude_none: bool = False,
    ) -> dict[str, Any]:
        """The flow's definition as JSON values: name, version, parameters with their schema, tasks and dependencies.

        The same for every `mode`; see `flow_definition` for the others.
        """
        from orchestrator.sdk.flows.definition import flow_definition

        return flow_definition(self, include=include, exclude=exclude, exclude_none=exclude_none)

    def model_dump_json(self, *, indent: int | None = None, **options: Any) -> str:
        """`model_dump` as text; `indent` None writes it in one line."""
        import json

        return json.dumps(self.model_dump(**options), indent=indent, ensure_ascii=False)

    @both_ways
    def deploy(self, name: str, work_pool_name: str | None = None, **options: Any) -> str:
        """Let workers run the flow as `<flow name>/<name>`; returns the deployment's id. See `deploy_flow`.

        In async code: `await flow.deploy(…)`, or `adeploy`.
        """
        from orchestrator.sdk.deployments.deploying import deploy_flow

        return deploy_flow(self, name, work_pool_name, **self._with_source(options))

    @both_ways
    def to_deployment(self, name: str, **options: Any) -> FlowDeployment:
        """Describe a deployment without making it, for `serve(…)`. See `deploying.to_deployment`.

        In async code: `await flow.to_deployment(…)`, or `ato_deployment`.
        """
        from orchestrator.sdk.deployments.deploying import to_deployment

        return to_deployment(self, name, **self._with_source(options))

    def serve(self, name: str | None = None, **options: Any) -> None:
        """Make a deployment and execute its runs from this process, until it is told to end. See `serving.serve`.

        `name` None takes the flow's own. `limit`, `pause_on_shutdown`, `drain_seconds` and
        `print_starting_message` are those of `serve`; the other options are those of a deployment.
        """
        from orchestrator.sdk.deployments.serving import serve_flow

        serve_flow(self, name, **options)

    afrom_source = from_source.aio
    adeploy = deploy.aio
    ato_deployment = to_deployment.aio

    async def _call_async(self, run: FlowRun, *, return_state: bool) -> Any:
        from orchestrator.sdk.flows.flow_execution import converse

        state = await drive_async(converse(run))
        return state if return_state else await state.aresult()

    def _items(self, run: FlowRun) -> Iterator[Any]:
        from orchestrator.sdk.flows.flow_execution import converse

        state: State = yield from drive_items(converse(run))
        return state.result()

    def _items_async(self, run: FlowRun) -> AsyncIterator[Any]:
        from orchestrator.sdk.flows.flow_execution import converse

        return drive_items_async(converse(run), lambda state: state.result())

    def _copy(self, fn: Callable[..., Any], options: dict[str, Any]) -> Self:
        copy = super()._copy(fn, options)
        copy.source = self.source
        return copy


def _own_name(fn: Any) -> str:
    return str(getattr(fn, "__name__", type(fn).__name__)).replace("_", "-")


Flow._option_names = frozenset(Flow.__init__.__kwdefaults__ or {})


@overload
def flow(fn: Callable[P, R], /) -> Flow[P, R]: ...


@overload
def flow(name: str | None = None, /, **options: Any) -> Callable[[Callable[P, R]], Flow[P, R]]: ...


def flow(fn: Any = None, /, **options: Any) -> Any:
    """Make a function a flow: `@flow`, or `@flow(log_prints=True, …)` with the options of Flow.

    Raises TypeError for an option that there is not, naming the nearest.
    """
    return decorated(Flow, fn, known=Flow._option_names, kind="flow", options=options)


flow.from_source = Flow.from_source  # type: ignore[attr-defined]
