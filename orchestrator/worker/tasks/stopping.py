"""Ending a task whose flow run ended before it did."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import Celery, Task
from celery.worker.state import active_requests

from orchestrator.broker.submissions import STOP_TASKS, keys_to_stop, submissions_in
from orchestrator.sdk.engine.stopping import STOP_SIGNAL
from orchestrator.worker.tasks.office import office_here

STOP_SECONDS = 5.0  # what a task gets to stop by itself, before its process is killed

_log = logging.getLogger("orchestrator.worker")


class StopTasks(Task):
    """Received in the worker itself: no process executes it, and it takes no place."""

    name = STOP_TASKS
    Strategy = "orchestrator.worker.tasks.stopping:receive_stop"

    def run(self, **_: Any) -> None:
        """Never called; what arrives is looked at by `receive_stop`."""


def receive_stop(task: Task[Any, Any], app: Celery, consumer: Any, **_: Any) -> Callable[..., None]:
    """What Celery calls for a message of this task, instead of handing it to a process."""

    def handle(message: Any, body: Any, ack: Callable[..., Any], reject: Any, callbacks: Any, **_: Any) -> None:
        ack(_log, consumer.connection_errors)
        told = message.payload[1] if isinstance(message.payload, (list, tuple)) and len(message.payload) > 1 else {}
        office = office_here()
        for key in keys_to_stop(office.signer, office.own_queue, told if isinstance(told, dict) else {}):
            threading.Thread(target=_stop, args=(key,), name="stops-task", daemon=True).start()

    return handle


def _stop(key: str) -> None:
    process_id = _process_of(key)
    if process_id is None:
        return
    os.kill(process_id, STOP_SIGNAL)
    give_up_at = time.monotonic() + STOP_SECONDS
    while time.monotonic() < give_up_at:
        if _process_of(key) != process_id:
            return
        time.sleep(0.1)
    if _process_of(key) == process_id:
        _log.error("Task run %s did not stop within %g seconds: its process is killed.", key, STOP_SECONDS)
        os.kill(process_id, signal.SIGKILL)


def _process_of(key: str) -> int | None:
    for request in list(active_requests):
        if request.worker_pid and any(each.get("key") == key for each in submissions_in(request.kwargs or {})):
            return int(request.worker_pid)
    return None
