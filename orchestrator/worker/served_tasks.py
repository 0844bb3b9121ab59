"""Background tasks on a worker: a process beside those for flow runs, in which the tasks of some files are served.

The files are loaded once, so a run begins in milliseconds. The process is started again when it ends by itself.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.sdk.processes.child_processes import die_with_parent, how_it_ended
from orchestrator.worker.settings import WorkerSettings
from orchestrator.worker.spawned import Spawned

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
_KILL_SECONDS = 5.0  # from the second SIGTERM to SIGKILL

_log = logging.getLogger("orchestrator.worker")


class ServedTasks:
    """Keeps that process alive. Does nothing for a worker that serves no tasks."""

    def __init__(self, settings: WorkerSettings, *, command: Sequence[str] | None = None) -> None:
        self._settings = settings
        self._command = command or [sys.executable, "-m", "orchestrator.worker.served_tasks"]
        self._stopped = threading.Event()
        self._process: Spawned | None = None
        self._thread = threading.Thread(target=self._keep_alive, name="keeps-served-tasks", daemon=True)

    def start(self) -> None:
        if self._settings.serves:
            self._thread.start()

    def stop(self) -> None:
        """Begin no more tasks, let running ones end within `drain_seconds`, and hand back what is left."""
        self._stopped.set()
        if not self._thread.is_alive():
            return
        patience = self._settings.drain_seconds
        self._tell(signal.SIGTERM)
        self._thread.join(None if patience is None else patience + _KILL_SECONDS)
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._thread.is_alive():
                self._tell(number)
                self._thread.join(_KILL_SECONDS)

    def _keep_alive(self) -> None:
        # The kernel ends the process together with the thread that started it: this one stays as long as the worker.
        pause = _FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            try:
                self._process = process = self._started()
            except OSError as error:
                _log.error("The process that serves tasks cannot be started (%s); it is tried again.", error)
            else:
                if self._stopped.is_set():
                    process.tell(signal.SIGTERM)
                how = how_it_ended(process.wait())
                if self._stopped.is_set():
                    return
                _log.warning("The process that serves tasks ended (%s); it is started again.", how)
            self._stopped.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _started(self) -> Spawned:
        told = {"serves": list(self._settings.serves), "drain_seconds": self._settings.drain_seconds}
        environment = {**os.environ, "ORCHESTRATOR_API_URL": self._settings.api_url}
        return Spawned([*self._command, json.dumps(told)], environment=environment)

    def _tell(self, number: int) -> None:
        if self._process is not None:
            self._process.tell(number)


def serve(told: Mapping[str, Any]) -> int:
    """In the process: load the files and serve their tasks until SIGTERM. Returns the exit code."""
    from orchestrator.sdk.background_tasks.serving import serve_tasks
    from orchestrator.sdk.errors import OrchestratorError
    from orchestrator.sdk.tasks.loading import load_tasks

    patience = told["drain_seconds"]
    try:
        serve_tasks(*load_tasks(told["serves"]), drain_seconds=float("inf") if patience is None else patience)
    except OrchestratorError as error:
        print(f"orchestrator worker: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    die_with_parent(signal.SIGTERM)
    sys.exit(serve(json.loads(sys.argv[1])))
