"""Keeps the processes of one server alive, and ends them in order. Imports no Django: it stays small and quick."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from orchestrator.cli.processes import Child, Program, children_of
from orchestrator.sdk.processes.child_processes import adopt_orphans, how_it_ended

_STOP = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class FailedToStart(Exception):
    """A program ended before it was ready."""


class Stopped(Exception):
    """Somebody asked the supervisor to stop while it was starting."""


class Supervisor:
    """Runs programs as children. Use: `with Supervisor(say) as s: s.start(…); s.wait_until(…); s.watch()`.

    Children that serve others are stopped after those. A second stop signal kills everything at once.
    Nothing that was started here, or that a child left behind, outlives the supervisor, even if it is killed.
    """

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._children: list[Child] = []
        self._stop_signals = 0
        self._wake_reader, self._wake_writer = os.pipe()

    def __enter__(self) -> Supervisor:
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        for number in (*_STOP, signal.SIGCHLD):
            signal.signal(number, self._on_signal)
        adopt_orphans()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def run(self, program: Program) -> int:
        """Run a program to its end and return its status. Raises Stopped when asked to stop meanwhile."""
        child = Child(program)
        child.start()
        status: list[int] = []
        while not status:
            self._sleep(None)
            self._reap(lambda pid, code: status.append(code) if pid == child.pid else None)
            if self._stop_signals and not status:
                child.kill()
                raise Stopped
        child.process = None
        return status[0]

    def start(self, program: Program) -> None:
        child = Child(program)
        child.start()
        self._children.append(child)

    def wait_until(self, ready: Callable[[], bool], *, timeout_seconds: float) -> None:
        """Wait for a condition that the children bring about. Raises FailedToStart or Stopped."""
        deadline = time.monotonic() + timeout_seconds
        while not ready():
            self._sleep(0.03)
            if self._stop_signals:
                raise Stopped
            for child, status in self._reap_children():
                child.ended(status, stopping=True)
                raise FailedToStart(f"The {child.program.name} process ended while starting ({how_it_ended(status)}).")
            if time.monotonic() > deadline:
                raise FailedToStart(f"The server was not ready within {timeout_seconds:g} seconds.")

    def watch(self) -> None:
        """Keep the children alive until a stop signal comes."""
        while not self._stop_signals:
            for child, status in self._reap_children():
                message = child.ended(status, stopping=False)
                if message:
                    self._say(message)
            now = time.monotonic()
            plans = [child.restart_at for child in self._children if child.restart_at is not None]
            for child in self._children:
                if child.restart_at is not None and child.restart_at <= now:
                    child.start()
            pending = [moment for moment in plans if moment > now]
            self._sleep(min(pending) - now if pending else None)

    def stop(self) -> None:
        """End the children in order, then whatever they left. Safe to call again."""
        heard = self._stop_signals
        for group in reversed(self._groups()):
            for child in group:
                child.ask_to_stop()
            while alive := [child for child in group if child.process is not None]:
                if self._stop_signals > max(heard, 1):
                    for child in self._children:
                        child.kill()
                again_at = min(child.press() for child in alive)
                self._sleep(max(0.0, again_at - time.monotonic()))
                for child, status in self._reap_children():
                    child.ended(status, stopping=True)
        self._end_leftovers()

    def _groups(self) -> Sequence[Sequence[Child]]:
        """Those of a group are stopped together, the last group first."""
        serving = [child for child in self._children if child.program.serves_others]
        return [serving, [child for child in self._children if child not in serving]]

    def _end_leftovers(self, patience_seconds: float = 3.0) -> None:
        """Processes whose parent died under us are ours now. Runs say goodbye by themselves; give them a moment."""
        deadline = time.monotonic() + patience_seconds
        while children_of(os.getpid()):
            self._reap(lambda pid, code: None)
            if time.monotonic() > deadline or self._stop_signals > 1:
                for pid in children_of(os.getpid()):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            self._sleep(0.05)

    def _reap_children(self) -> list[tuple[Child, int]]:
        by_pid = {child.pid: child for child in self._children if child.pid is not None}
        ended: list[tuple[Child, int]] = []

        def note(pid: int, status: int) -> None:
            if pid in by_pid:
                ended.append((by_pid[pid], status))

        self._reap(note)
        return ended

    def _reap(self, note: Callable[[int, int], object]) -> None:
        """Collect every process that has ended, adopted ones included."""
        while True:
            try:
                pid, raw = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            status = os.waitstatus_to_exitcode(raw)
            for child in self._children:
                if child.process is not None and child.process.pid == pid:
                    child.process.returncode = status  # or Popen would complain that it lost its process
            note(pid, status)

    def _sleep(self, seconds: float | None) -> None:
        """Until a signal comes, at most `seconds`. Costs nothing meanwhile."""
        ready, _, _ = select.select([self._wake_reader], [], [], seconds)
        if ready:
            with suppress(BlockingIOError):
                os.read(self._wake_reader, 4096)

    def _on_signal(self, number: int, frame: object) -> None:
        if number in _STOP:
            self._stop_signals += 1
