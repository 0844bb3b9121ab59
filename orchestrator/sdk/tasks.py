"""`@task`: a function whose calls are recorded, retried, limited in time and executed side by side."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from orchestrator.sdk.checks import bound_method, checked_function, checked_retries, checked_timeout, is_async
from orchestrator.sdk.conversation import drive, drive_async
from orchestrator.sdk.parameters import Binder
from orchestrator.sdk.retries import RetryDelay, checked_delay, policy

if TYPE_CHECKING:
    from orchestrator.sdk.futures import FutureList, TaskFuture
    from orchestrator.sdk.run_names import RunName

P = ParamSpec("P")
R = TypeVar("R")


class Task(Generic[P, R]):
    """A task. Calling it runs it; made by `@task`.

    `timeout_seconds` None is no limit. `retries` counts the tries after the first; `retry_delay_seconds` is a number,
    a list for the first, second, … retry, or a function of `retries` that gives such a list.
    `retry_condition_fn(task, run, state)` says whether to try again. `log_prints` None does as the flow does.
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
        retries: int = 0,
        retry_delay_seconds: RetryDelay = None,
        retry_jitter_factor: float | None = None,
        retry_condition_fn: Callable[..., bool] | None = None,
        timeout_seconds: float | None = None,
        log_prints: bool | None = None,
    ) -> None:
        self.fn = checked_function(fn, kind="task")
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
        }
        self.name: str = name or str(getattr(fn, "__name__", type(fn).__name__))
        self.description = description if description is not None else _docstring(fn)
        self.tags = frozenset(tags or ())
        self.version = version
        self.task_run_name = task_run_name
        self.retries = checked_retries(retries)
        self.retry_delay = checked_delay(retry_delay_seconds, retries=retries)
        self.retry_jitter_factor = retry_jitter_factor
        self.retry_condition_fn = retry_condition_fn
        self.timeout_seconds = checked_timeout(timeout_seconds)
        self.log_prints = log_prints
        self.is_async = is_async(fn)
        self.task_key = _task_key(fn)
        self.policy = policy(retries=self.retries, delay=self.retry_delay, jitter_factor=retry_jitter_factor)
        self.binder = Binder(fn, kind="task", name=self.name)
        functools.update_wrapper(self, fn)

    def __repr__(self) -> str:
        return f"<Task {self.name!r}>"

    def __get__(self, instance: Any, owner: type | None = None) -> Task[..., R]:
        """A task defined in a class takes its instance, as a method does."""
        if instance is None:
            return self
        return type(self)(bound_method(self.fn, instance), **{**self._options, "name": self.name})

    def __call__(self, *args: Any, wait_for: Any = None, return_state: bool = False, **kwargs: Any) -> Any:
        """Run the task here and now: its result, or with `return_state` its final state. An async task gives an
        awaitable.

        Raises what the function raises. `wait_for` are futures or states that must have completed before it begins.
        """
        from orchestrator.sdk.task_runs import TaskRun, converse

        parameters = self.binder.bind(args, kwargs)
        if self.is_async:
            return self._call_async(parameters, wait_for=wait_for, return_state=return_state)
        state = drive(converse(TaskRun(self, parameters, wait_for=wait_for)))
        return state if return_state else state.result()

    def submit(self, *args: Any, wait_for: Any = None, return_state: bool = False, **kwargs: Any) -> TaskFuture[R]:
        """Run the task beside the flow; the future comes at once. Futures among the arguments are waited for first."""
        from orchestrator.sdk.submitting import submit

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
        from orchestrator.sdk.mapping import map_task

        futures = map_task(self, self.binder.bind(args, kwargs), wait_for=wait_for)
        if return_state:
            futures.wait()
            return [future.state for future in futures]  # type: ignore[return-value]
        return futures

    def with_options(self, **options: Any) -> Task[P, R]:
        """A copy with other options; those not given stay as they are."""
        unknown = set(options) - set(self._options)
        if unknown:
            raise TypeError(f"A task has no option {', '.join(sorted(map(repr, unknown)))}")
        return type(self)(self.fn, **{**self._options, **options})

    async def _call_async(self, parameters: dict[str, Any], *, wait_for: Any, return_state: bool) -> Any:
        from orchestrator.sdk.task_runs import TaskRun, converse

        state = await drive_async(converse(TaskRun(self, parameters, wait_for=wait_for)))
        return state if return_state else state.result()


@overload
def task(fn: Callable[P, R], /) -> Task[P, R]: ...


@overload
def task(**options: Any) -> Callable[[Callable[P, R]], Task[P, R]]: ...


def task(fn: Any = None, /, **options: Any) -> Any:
    """Make a function a task: `@task`, or `@task(retries=2, …)` with the options of Task."""
    if fn is None:
        return lambda function: Task(function, **options)
    return Task(fn, **options)


def _docstring(fn: Any) -> str | None:
    text = getattr(fn, "__doc__", None)
    return text.strip() if isinstance(text, str) else None


def _task_key(fn: Any) -> str:
    """The same for the same function in every process: its name and a short sum of where it is defined."""
    from zlib import crc32

    name = getattr(fn, "__qualname__", type(fn).__name__)
    code = getattr(fn, "__code__", None)
    origin = f"{code.co_filename if code else getattr(fn, '__module__', '')}:{name}"
    return f"{name.rpartition('.')[2]}-{crc32(origin.encode()):08x}"
