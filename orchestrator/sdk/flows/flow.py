"""`@flow`: a function whose calls are runs."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec, TypeVar, overload

from orchestrator.sdk.both_ways import both_ways
from orchestrator.sdk.engine.conversation import drive, drive_async
from orchestrator.sdk.engine.items import drive_items, drive_items_async, is_generator
from orchestrator.sdk.options.checks import (
    bound_method,
    checked_function,
    checked_name,
    checked_retries,
    checked_switch,
    checked_timeout,
    is_async,
)
from orchestrator.sdk.options.hooks import HOOK_OPTIONS, Hook, checked_hook, checked_hooks
from orchestrator.sdk.options.loadable import Loadable
from orchestrator.sdk.options.option_names import accepted_options, as_seconds, decorated
from orchestrator.sdk.options.parameters import Binder
from orchestrator.sdk.runners.choosing import checked_runner
from orchestrator.sdk.tasks.task import _docstring, _task_key
from orchestrator.sdk.timing.retries import checked_single_delay

if TYPE_CHECKING:
    import os

    from orchestrator.sdk.deployments.deploying import FlowDeployment
    from orchestrator.sdk.deployments.sources import FlowSource
    from orchestrator.sdk.flows.flow_run import FlowRun
    from orchestrator.sdk.graphs.picture import FlowPicture
    from orchestrator.sdk.options.run_names import RunName
    from orchestrator.sdk.outcomes.states import State
    from orchestrator.sdk.type_hints.calls import ParameterTypes

P = ParamSpec("P")
R = TypeVar("R")


class Flow(Loadable, Generic[P, R]):
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
    """

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
    ) -> None:
        inner: Any = fn.__func__ if isinstance(fn, (classmethod, staticmethod)) else fn
        self._bind = type(fn) if inner is not fn else None
        self.fn: Callable[P, R] = checked_function(inner, kind="flow", generators=True)
        self._options: dict[str, Any] = {
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
        }
        self.name = checked_name(name, kind="flow") or _own_name(self.fn)
        self.description = description if description is not None else _docstring(self.fn)
        self.tags = frozenset(tags or ())
        self.version = version
        self.flow_run_name = flow_run_name
        self.retries = checked_retries(retries or 0)
        self.retry_delay = checked_single_delay(as_seconds(retry_delay_seconds))
        self.timeout_seconds = checked_timeout(as_seconds(timeout_seconds))
        self.should_validate_parameters = bool(validate_parameters)
        self.persist_result = checked_switch(persist_result, option="persist_result")
        self.result_storage = _storage(result_storage)
        self.result_serializer = _serializer(result_serializer)
        self.cache_result_in_memory = bool(cache_result_in_memory)
        self.log_prints = bool(log_prints)
        self.on_completion_hooks = checked_hooks(on_completion, option="on_completion")
        self.on_failure_hooks = checked_hooks(on_failure, option="on_failure")
        self.on_cancellation_hooks = checked_hooks(on_cancellation, option="on_cancellation")
        self.on_crashed_hooks = checked_hooks(on_crashed, option="on_crashed")
        self.on_running_hooks = checked_hooks(on_running, option="on_running")
        self.task_runner = checked_runner(task_runner)
        self.is_async = is_async(self.fn)
        self.is_generator = is_generator(self.fn)
        self.source: FlowSource | None = None  # where workers get the code, if it was got from there; see from_source
        self.task_key = _task_key(self.fn)
        self.binder = Binder(self.fn, kind="flow", name=self.name)
        self._types: ParameterTypes | None = None
        functools.update_wrapper(self, self.fn)

    def __repr__(self) -> str:
        return f"<Flow {self.name!r}>"

    def __get__(self, instance: Any, owner: type | None = None) -> Flow[..., R]:
        """A flow defined in a class takes its instance, as a method does."""
        bound_to = owner if self._bind is classmethod else instance
        if bound_to is None or self._bind is staticmethod:
            return self
        return self._copy(bound_method(self.fn, bound_to), {"name": self.name})

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
        from orchestrator.sdk.flows.flow_run import FlowRun, converse

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
    def isasync(self) -> bool:
        """The same as `is_async`."""
        return self.is_async

    @property
    def isgenerator(self) -> bool:
        """The same as `is_generator`."""
        return self.is_generator

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

    def with_options(self, **options: Any) -> Flow[P, R]:
        """A copy with other options; those not given stay as they are, hooks that were added later included."""
        known = {*self._options, *HOOK_OPTIONS}
        copy: Flow[..., R] = self._copy(self.fn, accepted_options(options, known=known, what="A flow"))
        return copy  # type: ignore[return-value]  # the function is the same

    def on_completion(self, fn: Hook) -> Hook:
        """Call the function when a run has completed. Usable as a decorator, as the four others are."""
        return self._add_hook("on_completion", fn)

    def on_failure(self, fn: Hook) -> Hook:
        """Call the function when a run has failed for good, after its retries."""
        return self._add_hook("on_failure", fn)

    def on_cancellation(self, fn: Hook) -> Hook:
        """Call the function when a run was cancelled."""
        return self._add_hook("on_cancellation", fn)

    def on_crashed(self, fn: Hook) -> Hook:
        """Call the function when a run has crashed: its process was ended, or what was raised is no Exception."""
        return self._add_hook("on_crashed", fn)

    def on_running(self, fn: Hook) -> Hook:
        """Call the function when a run begins, and when it is tried again, before the flow itself."""
        return self._add_hook("on_running", fn)

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

    def visualize(self, *arguments: Any, path: str | os.PathLike[str] | None = None, **_: Any) -> FlowPicture:
        """The static graph of the flow as an SVG picture, without running it: `picture.svg`, `picture.save(path)`,
        and a notebook shows it by itself.

        `path`, also as the first argument when it ends in `.svg`, writes it there. Arguments of the flow may be given
        and change nothing. Raises SourceUnavailable when the flow's source cannot be read.
        """
        from orchestrator.sdk.graphs.picture import visualize

        return visualize(self, arguments, path)

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
    def deploy(self, name: str, **options: Any) -> str:
        """Let workers run the flow as `<flow name>/<name>`; returns the deployment's id. See `deploy_flow`.

        In async code: `await flow.deploy(…)`, or `adeploy`.
        """
        from orchestrator.sdk.deployments.deploying import deploy_flow

        return deploy_flow(self, name, **self._with_source(options))

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
        from orchestrator.sdk.flows.flow_run import converse

        state = await drive_async(converse(run))
        return state if return_state else state.result()

    def _items(self, run: FlowRun) -> Iterator[Any]:
        from orchestrator.sdk.flows.flow_run import converse

        state: State = yield from drive_items(converse(run))
        return state.result()

    def _items_async(self, run: FlowRun) -> AsyncIterator[Any]:
        from orchestrator.sdk.flows.flow_run import converse

        return drive_items_async(converse(run), lambda state: state.result())

    def _add_hook(self, option: str, fn: Hook) -> Hook:
        getattr(self, f"{option}_hooks").append(checked_hook(fn, option=option))
        return fn

    def _copy(self, fn: Callable[..., Any], options: dict[str, Any]) -> Flow[..., R]:
        hooks = {option: getattr(self, f"{option}_hooks") for option in HOOK_OPTIONS}
        copy = type(self)(fn, **{**self._options, **hooks, **options})
        copy._bind = self._bind if fn is self.fn else None
        copy.source = self.source
        return copy


def _own_name(fn: Any) -> str:
    return str(getattr(fn, "__name__", type(fn).__name__)).replace("_", "-")


def _storage(given: Any) -> Any:
    if given is None:
        return None
    from orchestrator.sdk.results.storage import storage_for

    return storage_for(given)


def _serializer(given: Any) -> Any:
    if given is None:
        return None
    from orchestrator.sdk.results.serializers import serializer_for

    return serializer_for(given)


_OPTIONS = frozenset(Flow.__init__.__kwdefaults__ or {})


@overload
def flow(fn: Callable[P, R], /) -> Flow[P, R]: ...


@overload
def flow(name: str | None = None, /, **options: Any) -> Callable[[Callable[P, R]], Flow[P, R]]: ...


def flow(fn: Any = None, /, **options: Any) -> Any:
    """Make a function a flow: `@flow`, or `@flow(log_prints=True, …)` with the options of Flow.

    Raises TypeError for an option that there is not, naming the nearest.
    """
    return decorated(Flow, fn, known=_OPTIONS, kind="flow", options=options)


flow.from_source = Flow.from_source  # type: ignore[attr-defined]
