"""One run of a served deployment, seen from the process that serves it: the run has a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

from orchestrator.sdk.processes.child_processes import how_it_ended

CANCEL_SIGNAL = signal.SIGTERM  # the run is cancelled
ORPHAN_SIGNAL = signal.SIGHUP  # whoever serves it is gone
SUSPEND_SIGNAL = signal.SIGURG  # somebody suspended the run; nothing happens to a process that does not listen yet


class ServedRun:
    """A run that executes."""

    def __init__(self, flow_run: dict[str, Any], *, entrypoint: str, directory: str) -> None:
        """Starts the process. Raises OSError when it cannot be started."""
        self.flow_run = flow_run
        self.id = str(flow_run["id"])
        self.name = str(flow_run["name"])
        self.stopped_at: float | None = None  # on the monotonic clock; None: nobody asked it to stop
        self.was_killed = False
        self._told_to_leave = False
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "orchestrator.sdk.deployments.served_process"],
            stdin=subprocess.PIPE,
            cwd=directory,
            env={**os.environ, "ORCHESTRATOR_FLOW_RUN_ID": self.id},
            start_new_session=True,  # Ctrl-C reaches the serving process alone, and a kill all that the run started
        )
        if self._process.stdin is not None:
            task = {"flow_run": flow_run, "entrypoint": entrypoint, "directory": directory, "parent": os.getpid()}
            with suppress(BrokenPipeError), self._process.stdin as pipe:
                pipe.write(json.dumps(task).encode())

    @property
    def exit_code(self) -> int | None:
        """None while it executes; negative for the signal that ended it."""
        return self._process.poll()

    def stop(self, number: int) -> None:
        """Tell it to stop, in one of the two ways."""
        self.stopped_at = self.stopped_at or time.monotonic()
        if self.exit_code is None:
            self._process.send_signal(number)

    def leave(self) -> None:
        """Tell it, once, that the run was suspended. One that suspended itself is on its way out already."""
        if not self._told_to_leave and self.exit_code is None:
            self._told_to_leave = True
            self._process.send_signal(SUSPEND_SIGNAL)

    def kill(self) -> None:
        """End it and what it started."""
        self.was_killed = True
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def how_it_ended(self) -> str:
        return how_it_ended(self.exit_code or 0)
