"""`@task`: a function whose calls are recorded, retried, limited in time and executed side by side."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Self, TypeVar, overload

from orchestrator.sdk.caching.kept_results import KeptResults
from orchestrator.sdk.context import current_block
from orchestrator.sdk.engine.conversation import drive, drive_async
from orchestrator.sdk.engine.items import collect, collect_async, drive_items, drive_items_async
from orchestrator.sdk.options.checks import (
    checked_count,
    checked_exceptions,
    checked_name,
    checked_retries,
    checked_seconds,
    checked_switch,
    checked_trigger,
)
from orchestrator.sdk.options.decorated import DecoratedFunction
from orchestrator.sdk.options.defaults import default_retries, default_retry_delay
from orchestrator.sdk.options.hooks import HOOK_OPTIONS, Hook
from orchestrator.sdk.options.option_names import decorated
from orchestrator.sdk.options.parameters import Binder
from orchestrator.sdk.tasks.beside import RunsBeside
from orchestrator.sdk.tasks.in_a_block import Connectable
from orchestrator.sdk.tasks.keys import task_key
from orchestrator.sdk.tasks.task_classes import WithRunMethod, or_with_run_method
from orchestrator.sdk.timing.retries import RetryDelay, checked_delay, checked_jitter, policy

if TYPE_CHECKING:
    from datetime import timedelta

    from orchestrator.sdk.assets.asset import Asset
    from orchestrator.sdk.caching.policies import CachePolicy
    from orchestrator.sdk.options.run_names import RunName
    from orchestrator.sdk.options.triggers import Trigger
    from orchestrator.sdk.outcomes.states import State

P = ParamSpec("P")
R = TypeVar("R")


class Task(WithRunMethod, Connectable, RunsBeside[P, R], DecoratedFunction[P, R]):
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
    trigger: called with the states of the runs that it was submitted behind; False keeps it from beginning. None begins
    when all have completed. See `triggers`.
    skip_on_upstream_skip: True skips it when one of these was skipped; None does so in a `with Flow(…)` only.
    retry_on: an exception, or several: what else a try fails with is not tried again.
    asset_deps: assets, or their keys, that it is made from besides those of its inputs. See `materialize`.
    nout: how many values it returns, for a `with Flow(…)`, where they are unpacked before they are there.
    slug: taken, and of no use here: `name` is what a task is called by.
    """

    _kind = "task"
    _hook_options = (*HOOK_OPTIONS, "on_commit", "on_rollback")

    assets: tuple[Asset, ...] = ()  # that it makes, and by which tool; see `materialize`
    materialized_by: str | None = None
    fn: Callable[P, R]
    on_commit_hooks: list[Hook]
    on_rollback_hooks: list[Hook]

    @or_with_run_method
    def __init__(
        self,
        fn: Callable[P, R] = None,  # type: ignore[assignment]  # noqa: RUF013 - classes with `run` leave it out
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
        trigger: Trigger | None = None,
        skip_on_upstream_skip: bool | None = None,
        retry_on: type[Exception] | Iterable[type[Exception]] | None = None,
        asset_deps: Iterable[str | Asset] | None = None,
        nout: int | None = None,
        slug: str | None = None,
    ) -> None:
        options = {
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
            "trigger": trigger,
            "skip_on_upstream_skip": skip_on_upstream_skip,
            "retry_on": retry_on,
            "asset_deps": asset_deps,
            "nout": nout,
            "slug": slug,
        }
        hooks = {
            "on_completion": on_completion,
            "on_failure": on_failure,
            "on_cancellation": on_cancellation,
            "on_crashed": on_crashed,
            "on_running": on_running,
            "on_commit": on_commit,
            "on_rollback": on_rollback,
        }
        super().__init__(fn, options=options, hooks=hooks)
        self.name: str = checked_name(name, kind="task") or _own_name(self.fn)
        self.task_run_name = task_run_name
        self.retries = checked_retries(default_retries("TASKS") if retries is None else retries)
        if retry_delay_seconds is None and self.retries:
            retry_delay_seconds = default_retry_delay()
        self.retry_delay = checked_delay(retry_delay_seconds, retries=self.retries)
        self.retry_jitter_factor = checked_jitter(retry_jitter_factor)
        self.retry_condition_fn = retry_condition_fn
        self.retry_on = checked_exceptions(retry_on, "retry_on")
        self.trigger = checked_trigger(trigger)
        self.skip_on_upstream_skip = checked_switch(skip_on_upstream_skip, option="skip_on_upstream_skip")
        self.nout = checked_count(nout, "nout")
        self.asset_deps = _assets(asset_deps)
        self.timeout_seconds = checked_seconds(timeout_seconds, "timeout_seconds", zero=False)
        self.log_prints = log_prints
        kept = KeptResults.of(options)
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
        self.instance_input: dict[str, Any] = {}  # of a method, what it is bound to, under the name it has there
        self.task_key = task_key(self.fn)
        self.policy = policy(retries=self.retries, delay=self.retry_delay, jitter_factor=self.retry_jitter_factor)
        self.binder = Binder(self.fn, kind="task", name=self.name)

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
        from orchestrator.sdk.tasks.task_execution import converse
        from orchestrator.sdk.tasks.task_run import TaskRun

        block = current_block.get()
        if block is not None and block.is_open_here:
            return block.call(self, args, {**kwargs, "wait_for": wait_for, "return_state": return_state})
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
    def retry_delay_seconds(self) -> float | list[float]:
        """The pause before each retry, in seconds, or those before the first, second, … one."""
        return self.retry_delay

    @property
    def has_final_hooks(self) -> bool:
        """Whether anything is to be called when a run has ended."""
        return bool(
            self.on_completion_hooks or self.on_failure_hooks or self.on_cancellation_hooks or self.on_crashed_hooks
        )

    def on_commit(self, fn: Hook) -> Hook:
        """Call the function, with the transaction, when what a run did is kept for good."""
        return self._add_hook("on_commit", fn)

    def on_rollback(self, fn: Hook) -> Hook:
        """Call the function, with the transaction, when what a run did has to be undone."""
        return self._add_hook("on_rollback", fn)

    async def _call_async(self, parameters: dict[str, Any], *, wait_for: Any, return_state: bool) -> Any:
        from orchestrator.sdk.tasks.task_execution import converse
        from orchestrator.sdk.tasks.task_run import TaskRun

        state = await drive_async(converse(TaskRun(self, parameters, wait_for=wait_for)))
        return state if return_state else await state.aresult()

    def _items(self, parameters: dict[str, Any], wait_for: Any) -> Iterator[Any]:
        from orchestrator.sdk.tasks.task_execution import converse
        from orchestrator.sdk.tasks.task_run import TaskRun

        run = TaskRun(self, parameters, wait_for=wait_for)
        run.gives_items = True
        state: State = yield from drive_items(converse(run))
        return state.result()

    async def _items_async(self, parameters: dict[str, Any], wait_for: Any) -> AsyncIterator[Any]:
        from orchestrator.sdk.tasks.task_execution import converse
        from orchestrator.sdk.tasks.task_run import TaskRun

        run = TaskRun(self, parameters, wait_for=wait_for)
        run.gives_items = True
        async with aclosing(drive_items_async(converse(run), lambda state: state.result())) as items:
            async for item in items:
                yield item

    def _bound(self, bound_to: Any) -> Self:
        if self.is_class:
            return self
        bound = super()._bound(bound_to)
        bound.task_key = self.task_key
        bound.instance_input = {_first_parameter(self.fn): bound_to}
        return bound

    def _copy(self, fn: Callable[..., Any], options: dict[str, Any]) -> Self:
        if self.is_class:
            hooks = {option: getattr(self, f"{option}_hooks") for option in self._hook_options}
            return self.copied(Task.__init__, {**self._options, **hooks, **options})
        copy = super()._copy(fn, options)
        if fn is self.fn:
            copy.task_key, copy.instance_input = self.task_key, self.instance_input
        return copy


_init: Any = Task.__init__
Task._option_names = frozenset(_init.__wrapped__.__kwdefaults__)


@overload
def task(fn: Callable[P, R], /) -> Task[P, R]: ...


@overload
def task(name: str | None = None, /, **options: Any) -> Callable[[Callable[P, R]], Task[P, R]]: ...


def task(fn: Any = None, /, **options: Any) -> Any:
    """Make a function a task: `@task`, or `@task(retries=2, …)` with the options of Task.

    Raises TypeError for an option that there is not, naming the nearest.
    """
    return decorated(Task, fn, known=Task._option_names, kind="task", options=options)


def _assets(given: Iterable[str | Asset] | None) -> tuple[Asset, ...]:
    if not given:
        return ()
    from orchestrator.sdk.assets.asset import as_assets

    return as_assets(given, "asset_deps")


def _own_name(fn: Any) -> str:
    return str(getattr(fn, "__name__", type(fn).__name__))


def _first_parameter(fn: Any) -> str:
    code = getattr(fn, "__code__", None)
    return code.co_varnames[0] if code is not None and code.co_argcount else "self"
