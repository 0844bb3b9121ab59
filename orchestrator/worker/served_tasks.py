"""Background tasks on a worker: a process beside those for flow runs, in which the tasks of some files are served.

The files are loaded once, so a run begins in milliseconds. The process is started again when it ends by itself.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.sdk.processes.child_processes import die_with_parent
from orchestrator.worker.kept_process import KeptProcess
from orchestrator.worker.settings import WorkerSettings
from orchestrator.worker.spawned import Spawned


class ServedTasks(KeptProcess):
    """That process. A worker that serves no tasks has none.

    Told to stop, it begins no more tasks, lets running ones end, and hands back what is left.
    """

    what = "The process that serves tasks"
    cuts_short = signal.SIGTERM  # the second one
    longest_pause_seconds = 30.0

    def __init__(self, settings: WorkerSettings, *, command: Sequence[str] | None = None) -> None:
        super().__init__(is_wanted=bool(settings.serves))
        self._settings = settings
        self._command = command or [sys.executable, "-m", "orchestrator.worker.served_tasks"]

    def _started(self) -> Spawned:
        told = {"serves": list(self._settings.serves), "drain_seconds": self._settings.drain_seconds}
        environment = {**os.environ, "ORCHESTRATOR_API_URL": self._settings.api_url}
        return Spawned([*self._command, json.dumps(told), str(os.getpid())], environment=environment)


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
    die_with_parent(int(sys.argv[2]), signal.SIGTERM)
    sys.exit(serve(json.loads(sys.argv[1])))
