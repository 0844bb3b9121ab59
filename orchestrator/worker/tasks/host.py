"""The processes that execute submitted tasks, beside those that execute flow runs.

They are another Celery worker, in a process of its own: flows wait for the tasks that they submit, so tasks must never
wait for a place that a flow has. It is started when the first task waits, so that who submits none pays nothing, and
again when it ends by itself.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from dataclasses import asdict

from orchestrator.broker.letters import connect
from orchestrator.broker.queues import queue_of_tasks, wait_for_message
from orchestrator.worker.kept_process import KeptProcess
from orchestrator.worker.settings import WorkerSettings
from orchestrator.worker.spawned import Spawned

_PAUSE_SECONDS = 10.0  # while the broker is away

_log = logging.getLogger("orchestrator.worker")


class TaskHost(KeptProcess):
    """The task worker of a worker. One without task processes has none.

    Told to stop, it lets running tasks end; those that do not are lost, and run elsewhere.
    """

    what = "The process for submitted tasks"
    cuts_short = signal.SIGQUIT
    longest_pause_seconds = 10.0

    def __init__(self, settings: WorkerSettings) -> None:
        super().__init__(is_wanted=bool(settings.task_processes))
        self._settings = settings

    def _wait_until_needed(self) -> None:
        queue = queue_of_tasks(self._settings.pool)
        while not self._stopped.is_set():
            try:
                with connect(self._settings.broker_url) as connection:
                    wait_for_message(connection, queue, stopped=self._stopped)
                return
            except Exception as error:  # noqa: BLE001 - each broker library has errors of its own
                _log.debug("The broker could not be asked for submitted tasks: %s", error)
                self._stopped.wait(_PAUSE_SECONDS)

    def _started(self) -> Spawned:
        command = [sys.executable, "-P", "-m", "orchestrator.worker.tasks", str(os.getpid())]
        return Spawned(command, told=told(self._settings))


def told(settings: WorkerSettings) -> bytes:
    """The settings as the task worker reads them."""
    return json.dumps({**asdict(settings), "home": str(settings.home)}).encode() + b"\n"
