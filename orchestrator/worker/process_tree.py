"""Which processes belong to a run, and ending them. Linux only; elsewhere it is the process group alone."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# What processes of a run carry in their environment. It names the attempt: another one at the same run, which may be
# under way on this host by now, is none of its business.
ATTEMPT_VARIABLE = "ORCHESTRATOR_RUN_PROCESS"
_LOOK_SECONDS = 0.05
_KILL_SECONDS = 5.0  # for which new processes of a run are looked for while it is killed


def attempt_of(flow_run_id: str, process_id: int) -> str:
    """The value of ATTEMPT_VARIABLE: a run, and the worker's process that executes it."""
    return f"{flow_run_id}/{process_id}"


def mark_of(flow_run_id: str, process_id: int) -> str:
    """The mark of a ProcessTree."""
    return f"{ATTEMPT_VARIABLE}={attempt_of(flow_run_id, process_id)}"


@dataclass(frozen=True, slots=True)
class Process:
    """One process. Its number may be given to another one later; the moment of its start tells them apart."""

    pid: int
    started: int  # ticks since the machine was started


class ProcessTree:
    """The process `root` and what it started, directly or not, also what left its group, its session or its parent.

    `mark` is what such processes carry in their environment, as `NAME=value`. Whoever asks is not counted.
    """

    def __init__(self, root: int, *, mark: str) -> None:
        self._root = root
        self._mark = f"{mark}\0".encode()
        self._known: set[Process] = set()
        self._root_process: Process | None = None
        self.look()

    @property
    def seen(self) -> int:
        """How many processes belonged to it at any time."""
        return len(self._known)

    def look(self) -> set[Process]:
        """Those that live now. One that was seen once stays known, whoever its parent is by then."""
        table = _process_table()
        if not table:
            return {Process(self._root, 0)} if _exists(self._root) else set()
        spared = _ancestors(os.getpid(), table)
        alive = {process.pid: process for process, _, _ in table.values()}
        inside = {process.pid for process in self._known if alive.get(process.pid) == process}
        self._root_process = self._root_process or alive.get(self._root)
        if self._root_process is not None and alive.get(self._root) == self._root_process:
            inside.add(self._root)
        grows = True
        while grows:
            more = {
                process.pid
                for process, parent, group in table.values()
                if process.pid not in inside and process.pid not in spared and (parent in inside or group in inside)
            }
            inside |= more
            grows = bool(more)
        for pid in alive.keys() - inside - spared:
            if self._carries_mark(pid):
                inside.add(pid)
        found = {alive[pid] for pid in inside - {os.getpid()}}
        self._known |= found
        return found

    def send(self, number: int) -> None:
        for process in self.look():
            _signal(process.pid, number)

    def wait(self, seconds: float) -> bool:
        """Whether all of them ended within that time."""
        until = time.monotonic() + seconds
        while self.look():
            if time.monotonic() >= until:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def kill(self) -> bool:
        """End all of them, and what they start meanwhile. False when some cannot be killed."""
        until = time.monotonic() + _KILL_SECONDS
        while self.look():
            self.send(signal.SIGKILL)
            if time.monotonic() >= until:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def _carries_mark(self, pid: int) -> bool:
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:  # it ended, or is another user's
            return False
        return environment.startswith(self._mark) or b"\0" + self._mark in environment


def kill_group_of(leader: int, *, leader_lives: bool) -> None:
    """End what is left of the process group that this process leads or led, and never the process itself.

    `leader_lives` False: it is dead and collected. If its number is in use all the same, somebody else has it by now,
    and so nothing was left.
    """
    table = _process_table()
    if not table:
        if not leader_lives:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(leader, signal.SIGKILL)
    elif leader_lives or leader not in table:
        for process, _, group in table.values():
            if group == leader and process.pid != leader:
                _signal(process.pid, signal.SIGKILL)


def _process_table() -> dict[int, tuple[Process, int, int]]:
    """Every process with its parent and its group, without those that only wait to be collected."""
    table = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            # The name, in parentheses, may hold anything.
            fields = place.read_text(errors="replace").rpartition(")")[2].split()
            state, parent, group, started = fields[0], int(fields[1]), int(fields[2]), int(fields[19])
            if state not in ("Z", "X"):
                pid = int(place.parent.name)
                table[pid] = (Process(pid, started), parent, group)
    return table


def _ancestors(pid: int, table: dict[int, tuple[Process, int, int]]) -> set[int]:
    """The process itself and all above it: whoever ends a run must not end itself."""
    found = set()
    while pid in table and pid not in found:
        found.add(pid)
        pid = table[pid][1]
    return found


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if os.path.isdir("/proc"):
            os.kill(pid, number)
        else:
            os.killpg(pid, number)
