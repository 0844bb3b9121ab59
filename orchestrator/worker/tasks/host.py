"""The processes that execute submitted tasks, beside those that execute flow runs.

They are another Celery worker, in a process of its own: flows wait for the tasks that they submit, so tasks must never
wait for a place that a flow has. It is started when the first task waits, so that who submits none pays nothing, and
again when it ends by itself.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from dataclasses import asdict

from orchestrator.broker.letters import connect
from orchestrator.broker.queues import queue_of_tasks, waiting_messages
from orchestrator.sdk.processes.child_processes import how_it_ended
from orchestrator.worker.settings import WorkerSettings
from orchestrator.worker.spawned import Spawned

_LOOK_SECONDS = 0.5  # between two looks for the first task
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 10.0
_KILL_SECONDS = 5.0  # from SIGQUIT to SIGKILL

_log = logging.getLogger("orchestrator.worker")


class TaskHost:
    """Keeps the task worker of a worker alive. Without task processes it does nothing."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._stopped = threading.Event()
        self._process: Spawned | None = None
        self._thread = threading.Thread(target=self._keep_alive, name="keeps-task-worker", daemon=True)

    def start(self) -> None:
        if self._settings.task_processes:
            self._thread.start()

    def stop(self, *, patience_seconds: float | None) -> None:
        """Let running tasks end, for at most so long (None: until they end); then they are lost, and run elsewhere."""
        self._stopped.set()
        if not self._thread.is_alive():
            return
        self._tell(signal.SIGTERM)
        self._thread.join(patience_seconds)
        if self._thread.is_alive():
            self._tell(signal.SIGQUIT)
            self._thread.join(_KILL_SECONDS)
        if self._thread.is_alive():
            self._tell(signal.SIGKILL)
            self._thread.join(_KILL_SECONDS)

    def _keep_alive(self) -> None:
        # The kernel ends the process together with the thread that started it: this one stays as long as the worker.
        self._wait_for_a_task()
        pause = _FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            try:
                self._process = process = self._started()
            except OSError as error:
                _log.error("The processes for submitted tasks cannot be started (%s); it is tried again.", error)
            else:
                if self._stopped.is_set():
                    process.tell(signal.SIGTERM)
                how = how_it_ended(process.wait())
                if self._stopped.is_set():
                    return
                _log.warning("The processes for submitted tasks ended (%s); they are started again.", how)
            self._stopped.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _wait_for_a_task(self) -> None:
        queue = queue_of_tasks(self._settings.pool)
        while not self._stopped.wait(_LOOK_SECONDS):
            try:
                with connect(self._settings.broker_url) as connection:
                    while not waiting_messages(connection, queue):
                        if self._stopped.wait(_LOOK_SECONDS):
                            return
                    return
            except Exception as error:  # noqa: BLE001 - each broker library has errors of its own
                _log.debug("The broker could not be asked for submitted tasks: %s", error)
                self._stopped.wait(_LONGEST_PAUSE_SECONDS)

    def _started(self) -> Spawned:
        return Spawned([sys.executable, "-P", "-m", "orchestrator.worker.tasks"], told=told(self._settings))

    def _tell(self, number: int) -> None:
        if self._process is not None:
            self._process.tell(number)


def told(settings: WorkerSettings) -> bytes:
    """The settings as the task worker reads them."""
    return json.dumps({**asdict(settings), "home": str(settings.home)}).encode() + b"\n"
