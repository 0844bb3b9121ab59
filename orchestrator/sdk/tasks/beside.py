"""The ways to run a task other than calling it: beside the flow, once for each item, later, somewhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from orchestrator.sdk.context import current_block
from orchestrator.sdk.options.parameters import Binder

if TYPE_CHECKING:
    from orchestrator.sdk.background_tasks.futures import BackgroundFuture
    from orchestrator.sdk.dependencies.futures import FutureList, TaskFuture

P = ParamSpec("P")
R = TypeVar("R")


class RunsBeside(Generic[P, R]):
    """What a task can do besides being called."""

    binder: Binder

    def submit(self, *args: Any, wait_for: Any = None, return_state: bool = False, **kwargs: Any) -> TaskFuture[R]:
        """Run the task beside the flow; the future comes at once. Futures among the arguments are waited for first."""
        task: Any = self
        block = current_block.get()
        if block is not None and block.is_open_here:
            return block.call(task, args, {**kwargs, "wait_for": wait_for, "return_state": return_state})  # type: ignore[return-value]
        from orchestrator.sdk.runners.submitting import submit

        future = submit(task, self.binder.bind(args, kwargs), wait_for=wait_for)
        if return_state:
            future.wait()
            return future.state  # type: ignore[return-value]
        return future

    def map(
        self, *args: Any, wait_for: Any = None, return_state: bool = False, deferred: bool = False, **kwargs: Any
    ) -> FutureList[R]:
        """Submit the task once for each item of its arguments.

        Lists and other iterables (texts are none) are taken apart and must be of one length; other values, and those in
        `unmapped(…)`, are given to every run. `deferred=True` delays each run, as `delay` does, for whoever serves the
        task. Raises MappingError.
        """
        task: Any = self
        block = current_block.get()
        if block is not None and block.is_open_here:
            return block.call(task, args, {**kwargs, "wait_for": wait_for, "return_state": return_state}, maps=True)  # type: ignore[return-value]
        from orchestrator.sdk.runners.mapping import map_task

        futures = map_task(task, self.binder.bind(args, kwargs), wait_for=wait_for, deferred=deferred)
        if return_state:
            futures.wait()
            return [future.state for future in futures]  # type: ignore[return-value]
        return futures

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> BackgroundFuture[R]:
        """Have a run of the task executed by whoever serves it, now or later; the future comes at once.

        Raises MissingContext without a server, ResultNotSerializable for arguments that cannot be stored.
        """
        task: Any = self
        from orchestrator.sdk.background_tasks.delaying import delay

        return delay(task, args, kwargs)

    def apply_async(
        self,
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        wait_for: Any = None,
        dependencies: Mapping[str, Iterable[Any]] | None = None,
    ) -> BackgroundFuture[R]:
        """`delay`, with futures that must have completed before it begins, and further edges of the graph."""
        task: Any = self
        from orchestrator.sdk.background_tasks.delaying import delay

        return delay(task, args, kwargs, wait_for=wait_for, dependencies=dependencies)

    def serve(
        self, *, limit: int | None = 10, timeout: float | None = None, status_server_port: int | None = None
    ) -> None:
        """Execute what is delayed of this task, in this process, until SIGINT or SIGTERM comes.

        `limit` is how many execute at once; `timeout`, in seconds, ends it by itself. Where `status_server_port` is
        given, programs of this machine can ask for `/status` there. `orchestrator.serve(one, other)` serves several
        tasks. Raises MissingContext without a server, TaskServingError for a port that is taken.
        """
        task: Any = self
        from orchestrator.sdk.background_tasks.serving import serve_tasks

        serve_tasks(task, limit=limit, timeout=timeout, status_server_port=status_server_port)
