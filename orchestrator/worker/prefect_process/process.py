"""The process in which Prefect's engine executes one run, and the ways to end it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from orchestrator.sdk.errors import ClaimLost, RunStopped
from orchestrator.sdk.processes.child_processes import how_it_ended
from orchestrator.worker.prefect_process.control import ControlLine
from orchestrator.worker.process_tree import ATTEMPT_VARIABLE, ProcessTree

ACKNOWLEDGE_SECONDS = 2.0  # how long the engine may take to answer on its line
_LINES_KEPT = 20
_INHERITED = (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Ended:
    """How the process ended: its exit code, minus the signal's number if it died of one, and its last words."""

    code: int
    last_line: str | None

    @property
    def how(self) -> str:
        return how_it_ended(self.code)


class EngineProcess:
    """One run in Prefect's engine. `stop` may be called from any thread, also before and after."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._line: ControlLine | None = None
        self._over = threading.Event()
        self._ender: threading.Thread | None = None
        self._mark = ""
        self._grace_seconds = 0.0
        self.stop_asked: RunStopped | None = None
        self.killed_after_seconds: float | None = None

    def execute(
        self,
        command: Sequence[str],
        *,
        environment: dict[str, str],
        directory: Path,
        grace_seconds: float,
        shows_output: bool = True,
    ) -> Ended:
        """Start the engine and wait for its end. What it writes goes to the worker's own output, if `shows_output`.

        A run that is cancelled gets `grace_seconds` to stop before it is killed with all that it started. Raises
        OSError when the engine cannot be started.
        """
        self._mark = f"{ATTEMPT_VARIABLE}={environment[ATTEMPT_VARIABLE]}"
        self._grace_seconds = grace_seconds
        last_lines: deque[str] = deque(maxlen=_LINES_KEPT)
        with ControlLine() as line:
            with _signals_not_ignored():
                process = subprocess.Popen(
                    command,
                    env={**environment, **line.environment},
                    cwd=directory,
                    stdin=subprocess.DEVNULL,
                    stdout=None if shows_output else subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                )
            self._line, self._process = line, process
            assert process.stderr is not None
            reader = threading.Thread(target=_read, args=(process.stderr, last_lines, shows_output), daemon=True)
            reader.start()
            if self.stop_asked is not None:
                self.stop(self.stop_asked)
            code = process.wait()
            self._over.set()
            if self._ender is not None:
                self._ender.join()  # it kills what carries the run's mark, and hooks carry it too
            reader.join(1.0)  # what the run left behind may hold the pipe open
        return Ended(code, next((line for line in reversed(last_lines) if line.strip()), None))

    def stop(self, stop: RunStopped) -> bool:
        """End the run: at once when its claim is lost, else as a cancellation. False when there is no process yet."""
        self.stop_asked = stop
        if self._process is None:
            return False
        if isinstance(stop, ClaimLost):
            self._kill()
        else:
            self._ender = threading.Thread(target=self._cancel, name="cancels-engine", daemon=True)
            self._ender.start()
        return True

    def _cancel(self) -> None:
        """An engine that understands calls its hooks by itself. What does not end in time is killed."""
        process, line = self._process, self._line
        assert process is not None
        assert line is not None
        line.announce_cancellation(within_seconds=ACKNOWLEDGE_SECONDS)
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        if not self._over.wait(self._grace_seconds):
            self.killed_after_seconds = self._grace_seconds
            self._kill()

    def _kill(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            ProcessTree(process.pid, mark=self._mark).kill()


@contextmanager
def _signals_not_ignored() -> Iterator[None]:
    """An ignored signal stays ignored in a new program, a handled one does not; the engine wants to hear them all."""
    ignored = [number for number in _INHERITED if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, _pass_over)
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)


def _pass_over(number: int, frame: object) -> None:
    """Does what ignoring does."""


def _read(stream: IO[bytes], last_lines: deque[str], shows_output: bool) -> None:
    with stream, suppress(OSError, ValueError):
        for line in stream:
            last_lines.append(line.decode("utf-8", "backslashreplace").rstrip()[:500])
            if shows_output:
                with suppress(OSError):
                    os.write(2, line)
