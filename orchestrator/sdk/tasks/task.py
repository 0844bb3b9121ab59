"""`@task`: a function whose calls are recorded, retried, limited in time and executed side by side."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec, TypeVar, overload

from orchestrator.sdk.caching.kept_results import KeptResults
from orchestrator.sdk.engine.conversation import drive, drive_async
from orchestrator.sdk.engine.items import collect, collect_async, drive_items, drive_items_async, is_generator
from orchestrator.sdk.options.checks import (
    bound_method,
    checked_function,
    checked_name,
    checked_retries,
    checked_timeout,
    is_async,
)
from orchestrator.sdk.options.hooks import HOOK_OPTIONS, Hook, checked_hook, checked_hooks
from orchestrator.sdk.options.loadable import Decorated
from orchestrator.sdk.options.option_names import accepted_options, as_seconds, decorated
from orchestrator.sdk.options.parameters import Binder
from orchestrator.sdk.tasks.keys import task_key as _task_key
from orchestrator.sdk.timing.retries import RetryDelay, checked_delay, checked_jitter, policy

if TYPE_CHECKING:
    from datetime import timedelta

    from orchestrator.sdk.background_tasks.futures import BackgroundFuture
    from orchestrator.sdk.caching.policies import CachePolicy
    from orchestrator.sdk.dependencies.futures import FutureList, TaskFuture
    from orchestrator.sdk.options.run_names import RunName
    from orchestrator.sdk.outcomes.states import State

P = ParamSpec("P")
R = TypeVar("R")


class Task(Decorated, Generic[P, R]):
    """A task. Calling it runs it; made by `@task`.

    name: None takes the function's.
    description: None takes the docstring.
    tags: given to every run, besides those of the flow and of `with tags(…)`.
    version: any text; kept with every run.
    task_run_name: a text with parameters, `"load-{table}"`, or a function that gives the name; None makes one.
    retries: the tries after the first.
    retry_delay_seconds: a number, a timedelta, a list for the first, second, … retry, or a function of `retries` that
    gives such a list, as `exponential_backoff(2)` makes it; None is no pause.
    retry_jitter_factor: with j, a pause of d seconds becomes one between d and d × (1 + j).
    retry_condition_fn: called with task, run and state; False keeps a failed run from being tried again.
    timeout_seconds: after this many seconds a try fails as TimedOut; None is no limit.
    log_prints: make what is printed part of the log; None does as the flow does.
    persist_result: store what a run returns, so that it can be found again; False never does, nor is anything cached.
    None does when another option of results or caching is given, else as the flow does.
    result_storage: a path, an address that fsspec knows, or a block; None is that of the flow, else the default.
    result_serializer: "pickle", "json", "compressed/pickle", "compressed/json" or an object; None as before.
    result_storage_key: a text with `{parameters[x]}`, `{flow_run.id}` or `{task_run.name}`: where the result lies,
    and by what it is found again, instead of what the cache policy says.
    cache_result_in_memory: False forgets a result once it is stored; whoever asks for it reads it again.
    cache_policy: when two calls are the same; None is DEFAULT for tasks whose results are stored. See `cache_policies`.
    cache_key_fn: a function of the context and the parameters that gives the key, or None not to cache this call.
    cache_expiration: a timedelta, or seconds, after which a stored result is not used any more; None is never.
    cache_expiration_seconds: the same in seconds.
    refresh_cache: True executes in any case, and stores the result anew.
    on_completion, on_failure, on_cancellation, on_crashed, on_running: lists of functions that are called with the
    task, the run and its state when a run has come to that, on_failure after the last retry.
    viz_return_value: taken, and of no use here: graphs are drawn without running anything.
    on_commit, on_rollback: lists of functions that are called with the transaction when what the run did is kept, or
    has to be undone.
    """

    def __init__(
        self,
        fn: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        tags: Iterable[str] | None = None,
        version: str | None = None,
        task_run_name: RunName = None,
        retries: int | None = None,
        retry_delay_seconds: RetryDelay = None,
        retry_jitter_factor: float | None = None,
        retry_condition_fn: Callable[..., bool] | None = None,
        timeout_seconds: float | None = None,
        log_prints: bool | None = None,
        persist_result: bool | None = None,
        result_storage: Any = None,
        result_serializer: Any = None,
        result_storage_key: str | None = None,
        cache_result_in_memory: bool = True,
        cache_policy: CachePolicy | None = None,
        cache_key_fn: Callable[..., str | None] | None = None,
        cache_expiration: timedelta | float | None = None,
        cache_expiration_seconds: float | None = None,
        refresh_cache: bool | None = None,
        viz_return_value: Any = None,
        on_completion: Iterable[Hook] | None = None,
        on_failure: Iterable[Hook] | None = None,
        on_cancellation: Iterable[Hook] | None = None,
        on_crashed: Iterable[Hook] | None = None,
        on_running: Iterable[Hook] | None = None,
        on_commit: Iterable[Hook] | None = None,
        on_rollback: Iterable[Hook] | None = None,
    ) -> None:
        self._bind = type(fn) if isinstance(fn, (classmethod, staticmethod)) else None
        self.fn: Callable[P, R] = checked_function(
            getattr(fn, "__func__", fn) if self._bind else fn, kind="task", generators=True
        )
        self._options: dict[str, Any] = {
            "name": name,
            "description": description,
            "tags": tags,
            "version": version,
            "task_run_name": task_run_name,
            "retries": retries,
            "retry_delay_seconds": retry_delay_seconds,
            "retry_jitter_factor": retry_jitter_factor,
            "retry_condition_fn": retry_condition_fn,
            "timeout_seconds": timeout_seconds,
            "log_prints": log_prints,
            "persist_result": persist_result,
            "result_storage": result_storage,
            "result_serializer": result_serializer,
            "result_storage_key": result_storage_key,
            "cache_result_in_memory": cache_result_in_memory,
            "cache_policy": cache_policy,
            "cache_key_fn": cache_key_fn,
            "cache_expiration": cache_expiration,
            "cache_expiration_seconds": cache_expiration_seconds,
            "refresh_cache": refresh_cache,
            "viz_return_value": viz_return_value,
        }
        self.name: str = checked_name(name, kind="task") or _own_name(self.fn)
        self.description = description if description is not None else _docstring(self.fn)
        self.tags = frozenset(tags or ())
        self.version = version
        self.task_run_name = task_run_name
        self.retries = checked_retries(retries or 0)
        self.retry_delay = checked_delay(retry_delay_seconds, retries=self.retries)
        self.retry_jitter_factor = checked_jitter(retry_jitter_factor)
        self.retry_condition_fn = retry_condition_fn
        self.timeout_seconds = checked_timeout(as_seconds(timeout_seconds))
        self.log_prints = log_prints
        kept = KeptResults.of(self._options)
        self.persist_result = kept.persist_result
        self.result_storage = kept.result_storage
        self.result_serializer = kept.result_serializer
        self.result_storage_key = result_storage_key
        self.cache_result_in_memory = bool(cache_result_in_memory)
        self.cache_policy = kept.cache_policy
        self.cache_key_fn = cache_key_fn
        self.cache_expiration = kept.cache_expiration
        self.refresh_cache = refresh_cache
        self.may_be_cached = kept.may_be_cached
        self.on_completion_hooks = checked_hooks(on_completion, option="on_completion")
        self.on_failure_hooks = checked_hooks(on_failure, option="on_failure")
        self.on_cancellation_hooks = checked_hooks(on_cancellation, option="on_cancellation")
        self.on_crashed_hooks = checked_hooks(on_crashed, option="on_crashed")
        self.on_running_hooks = checked_hooks(on_running, option="on_running")
        self.on_commit_hooks = checked_hooks(on_commit, option="on_commit")
        self.on_rollback_hooks = checked_hooks(on_rollback, option="on_rollback")
        self.is_async = is_async(self.fn)
        self.is_generator = is_generator(self.fn)
        self.instance_input: dict[str, Any] = {}  # of a method, what it is bound to, under the name it has there
        self.task_key = _task_key(self.fn)
        self.policy = policy(retries=self.retries, delay=self.retry_delay, jitter_factor=self.retry_jitter_factor)
        self.binder = Binder(self.fn, kind="task", name=self.name)
        functools.update_wrapper(self, self.fn)

    def __repr__(self) -> str:
        return f"<Task {self.name!r}>"

    def __get__(self, instance: Any, owner: type | None = None) -> Task[..., R]:
        """A task defined in a class takes its instance, as a method does."""
        bound_to = owner if self._bind is classmethod else instance
        if bound_to is None or self._bind is staticmethod:
            return self
        bound = self._copy(bound_method(self.fn, bound_to), {"name": self.name})
        bound.task_key = self.task_key
        bound.instance_input = {_first_parameter(self.fn): bound_to}
        return bound

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...

    @overload
    def __call__(self, *args: Any, wait_for: Any, return_state: Literal[False] = ..., **kwargs: Any) -> R: ...

    @overload
    def __call__(self, *args: Any, return_state: bool, wait_for: Any = ..., **kwargs: Any) -> Any: ...

    def __call__(  # type: ignore[misc]  # its own keywords stand among those of the function
        self, *args: Any, wait_for: Any = None, return_state: bool = False, **kwargs: Any
    ) -> Any:
        """Run the task here and now: its result, or with `return_state` its final state. An async task gives an
        awaitable. A generator task gives its items one at a time, with `return_state` a state with the list of them.

        Raises what the function raises. `wait_for` are futures or states that must have completed before it begins.
        """
        from orchestrator.sdk.tasks.task_run import TaskRun, converse

        parameters = self.binder.bind(args, kwargs)
        if self.is_generator and not return_state:
            return (self._items_async if self.is_async else self._items)(parameters, wait_for)
        if self.is_async:
            return self._call_async(parameters, wait_for=wait_for, return_state=return_state)
        state = drive(converse(TaskRun(self, parameters, wait_for=wait_for)))
        return state if return_state else state.result()

    @property
    def call(self) -> Callable[..., Any]:
        """What a try calls: the function; of a generator function, one that gives the list of all items."""
        return functools.partial(collect_async if self.is_async else collect, self.fn) if self.is_generator else self.fn

    @property
    def isasync(self) -> bool:
        """The same as `is_async`."""
        return self.is_async

    @property
    def isgenerator(self) -> bool:
        """The same as `is_generator`."""
        return self.is_generator

    @property
    def retry_delay_seconds(self) -> float | list[float]:
        """The pause before each retry, in seconds, or those before the first, second, … one."""
        return self.retry_delay

    @property
    def has_final_hooks(self) -> bool:
        """Whether anything is to be called when a run has ended."""
        return bool(
            self.on_completion_hooks or self.on_failure_hooks or self.on_cancellation_hooks or self.on_crashed_hooks
        )

    def submit(self, *args: Any, wait_for: Any = None, return_state: bool = False, **kwargs: Any) -> TaskFuture[R]:
        """Run the task beside the flow; the future comes at once. Futures among the arguments are waited for first."""
        from orchestrator.sdk.runners.submitting import submit

        future = submit(self, self.binder.bind(args, kwargs), wait_for=wait_for)
        if return_state:
            future.wait()
            return future.state  # type: ignore[return-value]
        return future

    def map(self, *args: Any, wait_for: Any = None, return_state: bool = False, **kwargs: Any) -> FutureList[R]:
        """Submit the task once for each item of its arguments.

        Lists and other iterables (texts are none) are taken apart and must be of one length; other values, and those in
        `unmapped(…)`, are given to every run. Raises MappingError.
        """
        from orchestrator.sdk.runners.mapping import map_task

        futures = map_task(self, self.binder.bind(args, kwargs), wait_for=wait_for)
        if return_state:
            futures.wait()
            return [future.state for future in futures]  # type: ignore[return-value]
        return futures

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> BackgroundFuture[R]:
        """Have a run of the task executed by whoever serves it, now or later; the future comes at once.

        Raises MissingContext without a server, ResultNotSerializable for arguments that cannot be stored.
        """
        from orchestrator.sdk.background_tasks.delaying import delay

        return delay(self, args, kwargs)

    def apply_async(
        self,
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        wait_for: Any = None,
        dependencies: Mapping[str, Iterable[Any]] | None = None,
    ) -> BackgroundFuture[R]:
        """`delay`, with futures that must have completed before it begins, and further edges of the graph."""
        from orchestrator.sdk.background_tasks.delaying import delay

        return delay(self, args, kwargs, wait_for=wait_for, dependencies=dependencies)

    def serve(self, *, limit: int | None = 10, timeout: float | None = None) -> None:
        """Execute what is delayed of this task, in this process, until SIGINT or SIGTERM comes.

        `limit` is how many execute at once; `timeout`, in seconds, ends it by itself. `orchestrator.serve(one, other)`
        serves several tasks. Raises MissingContext without a server.
        """
        from orchestrator.sdk.background_tasks.serving import serve_tasks

        serve_tasks(self, limit=limit, timeout=timeout)

    def with_options(self, **options: Any) -> Task[P, R]:
        """A copy with other options; those not given stay as they are, hooks that were added later included."""
        copy = self._copy(self.fn, accepted_options(options, known=_OPTIONS, what="A task"))
        copy.task_key, copy.instance_input = self.task_key, self.instance_input
        return copy

    def on_completion(self, fn: Hook) -> Hook:
        """Call the function when a run has completed. Usable as a decorator, as the six others are."""
        return self._add_hook("on_completion", fn)

    def on_failure(self, fn: Hook) -> Hook:
        """Call the function when a run has failed for good, after its retries."""
        return self._add_hook("on_failure", fn)

    def on_cancellation(self, fn: Hook) -> Hook:
        """Call the function when a run was stopped, because its flow run was cancelled."""
        return self._add_hook("on_cancellation", fn)

    def on_crashed(self, fn: Hook) -> Hook:
        """Call the function when a run has crashed: what was raised is no Exception."""
        return self._add_hook("on_crashed", fn)

    def on_running(self, fn: Hook) -> Hook:
        """Call the function when a run begins, and when it is tried again, before the task itself."""
        return self._add_hook("on_running", fn)

    def on_commit(self, fn: Hook) -> Hook:
        """Call the function, with the transaction, when what a run did is kept for good."""
        return self._add_hook("on_commit", fn)

    def on_rollback(self, fn: Hook) -> Hook:
        """Call the function, with the transaction, when what a run did has to be undone."""
        return self._add_hook("on_rollback", fn)

    async def _call_async(self, parameters: dict[str, Any], *, wait_for: Any, return_state: bool) -> Any:
        from orchestrator.sdk.tasks.task_run import TaskRun, converse

        state = await drive_async(converse(TaskRun(self, parameters, wait_for=wait_for)))
        return state if return_state else state.result()

    def _items(self, parameters: dict[str, Any], wait_for: Any) -> Iterator[Any]:
        from orchestrator.sdk.tasks.task_run import TaskRun, converse

        run = TaskRun(self, parameters, wait_for=wait_for)
        run.gives_items = True
        state: State = yield from drive_items(converse(run))
        return state.result()

    async def _items_async(self, parameters: dict[str, Any], wait_for: Any) -> AsyncIterator[Any]:
        from orchestrator.sdk.tasks.task_run import TaskRun, converse

        run = TaskRun(self, parameters, wait_for=wait_for)
        run.gives_items = True
        async with aclosing(drive_items_async(converse(run), lambda state: state.result())) as items:
            async for item in items:
                yield item

    def _add_hook(self, option: str, fn: Hook) -> Hook:
        getattr(self, f"{option}_hooks").append(checked_hook(fn, option=option))
        return fn

    def _copy(self, fn: Callable[..., Any], options: dict[str, Any]) -> Task[Any, R]:
        hooks = {option: getattr(self, f"{option}_hooks") for option in _HOOK_OPTIONS}
        copy = type(self)(fn, **{**self._options, **hooks, **options})
        copy._bind = self._bind if fn is self.fn else None
        return copy


_HOOK_OPTIONS = (*HOOK_OPTIONS, "on_commit", "on_rollback")
_OPTIONS = frozenset(Task.__init__.__kwdefaults__ or {})


@overload
def task(fn: Callable[P, R], /) -> Task[P, R]: ...


@overload
def task(name: str | None = None, /, **options: Any) -> Callable[[Callable[P, R]], Task[P, R]]: ...


def task(fn: Any = None, /, **options: Any) -> Any:
    """Make a function a task: `@task`, or `@task(retries=2, …)` with the options of Task.

    Raises TypeError for an option that there is not, naming the nearest.
    """
    return decorated(Task, fn, known=_OPTIONS, kind="task", options=options)


def _docstring(fn: Any) -> str | None:
    text = getattr(fn, "__doc__", None)
    return text.strip() if isinstance(text, str) else None


def _own_name(fn: Any) -> str:
    return str(getattr(fn, "__name__", type(fn).__name__))


def _first_parameter(fn: Any) -> str:
    code = getattr(fn, "__code__", None)
    return code.co_varnames[0] if code is not None and code.co_argcount else "self"
