"""One process under the supervisor: how it is started, told to stop, and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from orchestrator.sdk.processes.child_processes import die_with_parent, how_it_ended

HEALTHY_SECONDS = 10.0  # who lived this long starts with a short pause again
LONGEST_PAUSE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. Each of the `stop_signals` gets its seconds; after the last comes SIGKILL."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    stop_signals: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 4.0),)
    pass_fds: Sequence[int] = ()
    only_errors: bool = False  # drop what it says on standard output
    serves_others: bool = False  # it is stopped after those that do not


@dataclass(slots=True)
class Child:
    """A program and the process that runs it now, if one does."""

    program: Program
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restart_at: float | None = None
    failures: int = 0
    _signals_left: list[tuple[signal.Signals, float]] = field(default_factory=list)
    _next_signal_at: float = 0.0

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process is not None else None

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.restart_at = None
        self.process = subprocess.Popen(
            self.program.command,
            env=dict(self.program.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if self.program.only_errors else None,
            pass_fds=tuple(self.program.pass_fds),
            # A session of its own: Ctrl-C in the terminal reaches the supervisor, which stops everything in order.
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )

    def ended(self, status: int, *, stopping: bool) -> str | None:
        """Take note of the end. Returns what to say about it, and plans the restart, unless it was asked to end."""
        self.process = None
        if stopping:
            return None
        if time.monotonic() - self.started_at > HEALTHY_SECONDS:
            self.failures = 0
        pause = min(0.2 * 2**self.failures, LONGEST_PAUSE_SECONDS)
        self.failures += 1
        self.restart_at = time.monotonic() + pause
        how = how_it_ended(status)
        return f"The {self.program.name} process ended ({how}); it is started again in {pause:g} s."

    def ask_to_stop(self) -> None:
        self._signals_left = list(self.program.stop_signals)
        self._next_signal_at = 0.0
        self.restart_at = None

    def press(self) -> float:
        """Send the next stop signal if it is time to. Returns the monotonic time at which to press again."""
        now = time.monotonic()
        if self.process is not None and now >= self._next_signal_at:
            if self._signals_left:
                number, patience_seconds = self._signals_left.pop(0)
                self._next_signal_at = now + patience_seconds
                _send(self.process.pid, number)
            else:
                self.kill()
                self._next_signal_at = now + 1.0
        return self._next_signal_at

    def kill(self) -> None:
        if self.process is not None:
            _send(-self.process.pid, signal.SIGKILL)


def python_command(*arguments: str) -> list[str]:
    """This Python, without the current directory on its path: a `celery.py` there must not be taken for Celery."""
    return [sys.executable, "-P", *arguments]


def children_of(pid: int) -> list[int]:
    """Direct children, zombies included; empty where the system does not tell."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)  # a negative pid means the group
