"""`.submit()`: a task run that executes in the flow run's pool when what it depends on has ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.context import current_flow_run
from orchestrator.sdk.dependencies.futures import TaskFuture
from orchestrator.sdk.engine.pools import Pool
from orchestrator.sdk.runners.jobs import Job
from orchestrator.sdk.runners.threads import ThreadPoolTaskRunner
from orchestrator.sdk.tasks.task_run import TaskRun

if TYPE_CHECKING:
    from orchestrator.sdk.tasks.task import Task

_pool_outside_of_flows: list[Pool] = []


def submit(task: Task[Any, Any], parameters: dict[str, Any], *, wait_for: Any = None) -> TaskFuture[Any]:
    """Announce the run, and put it into the pool once the futures among its inputs have ended.

    Waiting takes no thread: a pool of one can hold a chain of any length.
    """
    run = TaskRun(task, parameters, wait_for=wait_for)
    future: TaskFuture[Any] = TaskFuture(run)
    flow_run = current_flow_run.get()
    pool = flow_run.pool if flow_run is not None else _default_pool()
    job = Job(run, future.settle)
    pool.expect()
    _when_ended(run.upstream(), lambda: pool.put(job))
    return future


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
