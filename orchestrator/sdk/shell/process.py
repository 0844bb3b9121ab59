"""A shell that executes: its output, its end, and what it leaves behind."""

from __future__ import annotations

import atexit
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakSet

from orchestrator.sdk.both_ways import both_ways
from orchestrator.sdk.errors import ShellCommandFailed, ShellNotStarted, WaitTimeout
from orchestrator.sdk.processes.child_processes import how_it_ended
from orchestrator.sdk.processes.groups import end_group, group_lives
from orchestrator.sdk.shell.lines import Lines

if TYPE_CHECKING:
    import logging

    from orchestrator.sdk.recording.logs import RunLogger
    from orchestrator.sdk.shell.script import Failure, Script

_GRACE_SECONDS = 5.0  # between SIGTERM and SIGKILL
_LAST_OUTPUT_SECONDS = 0.5  # what is still read when the shell ended, but something it started holds its output
_SLICE_SECONDS = 0.2  # a stop of the run reaches a thread that waits only between two of these


class ShellProcess:
    """The handle that `trigger()` gives. `close()` ends the shell and what it started.

    That includes what the commands left in the background, unless it made itself a session of its own (`setsid`).
    """

    def __init__(
        self,
        script: Script,
        *,
        environment: Mapping[str, str],
        directory: str,
        logger: RunLogger | logging.Logger,
        stream_level: int | None,
        return_all: bool,
        continue_on_error: bool,
    ) -> None:
        """Starts it. `stream_level` is the level at which its lines are logged, None for not at all.

        Raises ShellNotStarted.
        """
        self._script = script
        self._logger = logger
        self._return_all = return_all
        self._continue_on_error = continue_on_error
        self._failures: list[Failure] = []
        self._ended = threading.Event()
        self._nothing_left = False
        self._is_reported = False
        on_line = None if stream_level is None else (lambda line: logger.log(stream_level, "%s", line))
        self._lines = Lines(keep_all=return_all, on_line=on_line)
        self._process = _started(script.arguments, environment=environment, directory=directory)
        _alive.add(self)
        logger.info("PID %s executes commands in %s", self.pid, directory)
        self._reader = threading.Thread(target=self._read, name="orchestrator-shell-output", daemon=True)
        self._reader.start()
        threading.Thread(target=self._attend, name="orchestrator-shell-end", daemon=True).start()

    def __repr__(self) -> str:
        code = self.return_code
        return f"<ShellProcess {self.pid}: {'executes' if code is None else how_it_ended(code)}>"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def return_code(self) -> int | None:
        """None while it executes; negative for the signal that ended the shell."""
        return self._process.returncode if self._ended.is_set() else None

    @property
    def failures(self) -> list[Failure]:
        """The commands that failed, in order, once it has ended; as far as the shell tells."""
        return list(self._failures)

    @both_ways
    def wait_for_completion(self, timeout: float | None = None) -> None:
        """Wait until it has ended; `timeout` in seconds, None is as long as it takes.

        Raises ShellCommandFailed when a command failed, unless the operation continues on errors; WaitTimeout when it
        did not end in time: it goes on.
        """
        self.complete(timeout)

    @both_ways
    def fetch_result(self) -> list[str] | str:
        """What it has printed so far: all lines, or with `return_all=False` the last one, "" when there is none."""
        return self.output()

    def complete(self, timeout: float | None = None) -> None:
        """`wait_for_completion` for callers that always block."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._ended.is_set():
            left = _SLICE_SECONDS if deadline is None else min(_SLICE_SECONDS, deadline - time.monotonic())
            if left <= 0:
                raise WaitTimeout(f"The commands of PID {self.pid} did not end within {timeout:g} seconds.")
            self._ended.wait(left)
        self._report()
        if self.return_code != 0 and not self._continue_on_error:
            raise self._failure()

    def output(self) -> list[str] | str:
        """`fetch_result` for callers that always block."""
        lines = self._lines.kept()
        if self._return_all:
            return lines
        return next((line for line in reversed(lines) if line), "")

    def close(self) -> None:
        """End the shell and all that it started: SIGTERM, and SIGKILL for what is left after five seconds."""
        _alive.discard(self)
        if not self._nothing_left:
            end_group(self.pid, grace_seconds=_GRACE_SECONDS, collect=self._process.poll)
            self._ended.wait(_GRACE_SECONDS)
        self._reader.join(_LAST_OUTPUT_SECONDS)
        self._script.remove()

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        with pipe, suppress(OSError):
            while piece := os.read(pipe.fileno(), 65_536):
                self._lines.feed(piece)
        self._lines.end()

    def _attend(self) -> None:
        self._process.wait()
        self._reader.join(_LAST_OUTPUT_SECONDS)
        self._failures = self._script.failures()
        # Once the group is empty its number may be given to others.
        self._nothing_left = not group_lives(self.pid)
        self._ended.set()

    def _report(self) -> None:
        """Say once how it ended."""
        if self._is_reported:
            return
        self._is_reported = True
        for failure in self._failures:
            self._logger.error("PID %s: %s", self.pid, failure)
        if self.return_code == 0 and not self._failures:
            self._logger.info("PID %s ended with exit code 0", self.pid)
        elif self._continue_on_error:
            count = len(self._failures) or 1
            self._logger.error("PID %s went on after %d failed command%s", self.pid, count, "s" if count > 1 else "")

    def _failure(self) -> ShellCommandFailed:
        code = self.return_code or 0
        command = self._failures[-1].command if self._failures else ""
        which = f"The command {command!r}" if command else "The commands"
        message = f"{which} failed with {how_it_ended(code)} (PID {self.pid})."
        last = self._lines.last()
        if last:
            message += " Printed last:\n" + "\n".join(last)
        return ShellCommandFailed(message, return_code=code, command=command or None, last_lines=tuple(last))


def _started(arguments: Sequence[str], *, environment: Mapping[str, str], directory: str) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=dict(environment),
            start_new_session=True,  # so that one signal reaches all of it, and Ctrl-C none of it
        )
    except (OSError, ValueError) as error:
        raise ShellNotStarted(f"{arguments[0]!r} could not be started in {directory}: {error}") from None


_alive: WeakSet[ShellProcess] = WeakSet()


def _end_all() -> None:
    for process in list(_alive):
        process.close()


atexit.register(_end_all)
os.register_at_fork(after_in_child=_alive.clear)  # they are the parent's to end
