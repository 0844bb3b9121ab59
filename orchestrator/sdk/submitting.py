"""`.submit()`: a task run that executes in the flow run's pool when what it depends on has ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.context import current_flow_run
from orchestrator.sdk.conversation import drive, drive_async
from orchestrator.sdk.futures import TaskFuture
from orchestrator.sdk.runners import Job, Pool, ThreadPoolTaskRunner
from orchestrator.sdk.states import State
from orchestrator.sdk.task_runs import TaskRun, converse

if TYPE_CHECKING:
    from orchestrator.sdk.tasks import Task

_pool_outside_of_flows: list[Pool] = []


def submit(task: Task[Any, Any], parameters: dict[str, Any], *, wait_for: Any = None) -> TaskFuture[Any]:
    """Announce the run, and put it into the pool once the futures among its inputs have ended.

    Waiting takes no thread: a pool of one can hold a chain of any length.
    """
    run = TaskRun(task, parameters, wait_for=wait_for)
    future: TaskFuture[Any] = TaskFuture(run)
    flow_run = current_flow_run.get()
    pool = flow_run.pool if flow_run is not None else _default_pool()
    context = copy_context()

    def execute() -> None:
        try:
            state: State = context.run(_drive_here, run)
        except BaseException:  # noqa: BLE001 - see below
            # The run has recorded its crash; whoever waits must still be woken, and the thread belongs to the pool.
            state = run.state
        future.settle(state)

    def drop() -> None:
        future.settle(run.cancel_before_begin("The flow run ended before the task run could begin."))

    pool.expect()
    _when_ended(run.upstream(), lambda: pool.put(Job(execute, drop)))
    return future


def _drive_here(run: TaskRun) -> State:
    if not run.task.is_async:
        return drive(converse(run))
    import asyncio

    return asyncio.run(drive_async(converse(run)))


def _when_ended(futures: list[TaskFuture[Any]], then: Callable[[], None]) -> None:
    left = len(futures)
    if left == 0:
        then()
        return
    lock = threading.Lock()

    def one_ended(_: TaskFuture[Any]) -> None:
        nonlocal left
        with lock:
            left -= 1
            is_last = left == 0
        if is_last:
            then()

    for future in futures:
        future.add_done_callback(one_ended)


def _default_pool() -> Pool:
    if not _pool_outside_of_flows:
        _pool_outside_of_flows.append(ThreadPoolTaskRunner().open())
    return _pool_outside_of_flows[0]
