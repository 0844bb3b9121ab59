"""The queue of background task runs: stored with their state, so that it outlives every process."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from orchestrator.contract.states import State
from orchestrator.statements.writing import insert_rows
from runs.models import QueuedTaskRun, TaskRun

_listeners: list[Callable[[], None]] = []


def add_queue_listener(listener: Callable[[], None]) -> None:
    """`listener` is called after every commit of this process that may let a task run be sent. It must be quick."""
    if listener not in _listeners:
        _listeners.append(listener)


def announce_queued() -> None:
    for listener in tuple(_listeners):
        listener()


def queue_for_task_workers(run: TaskRun, state: State, *, again: bool) -> None:
    """Have the run sent to a task worker that knows its task. `again`: it had states before this one."""
    row = QueuedTaskRun(task_run_id=run.pk, task_key=run.task_key, goes_first=state.name == "AwaitingRetry")
    if again:  # what an earlier state had asked for may still stand there, held by whoever was sent it
        QueuedTaskRun.objects.filter(task_run=run.pk).delete()
    insert_rows([row], skip_known=True)
    transaction.on_commit(announce_queued, robust=True)
