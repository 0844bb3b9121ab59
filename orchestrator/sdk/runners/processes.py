"""Submitted tasks execute in processes on the same machine: for work that keeps the interpreter busy."""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Collection
from typing import Any, BinaryIO

from orchestrator.sdk.processes.child_processes import how_it_ended
from orchestrator.sdk.runners.remote import RemotePool

_SECONDS_TO_LEAVE = 5.0  # for a process that has nothing more to do: it delivers its logs
_LENGTH = struct.Struct(">Q")


class ProcessPoolTaskRunner:
    """Execute submitted tasks in at most `max_workers` processes per flow run; None takes one for each processor.

    Each is a fresh interpreter that gets tasks, arguments and results pickled, so nothing is shared with the flow, and
    the script needs no `if __name__ == "__main__"`. A process that dies is a try that failed. Raises ValueError for a
    number below 1.
    """

    def __init__(self, max_workers: int | None = None) -> None:
        if max_workers is not None and max_workers < 1:
            raise ValueError(f"max_workers is {max_workers}; at least one process is needed")
        self.max_workers = max_workers

    def __repr__(self) -> str:
        return f"ProcessPoolTaskRunner(max_workers={self.max_workers})"

    def open(self) -> RemotePool:
        """The processes for one flow run; none is started before there is work."""
        most = self.max_workers or os.cpu_count() or 1
        return RemotePool(lambda pool: ProcessLine(pool, most))


class ProcessLine:
    """As many threads as there are processes: each starts one, gives it a run at a time, and sees it die."""

    def __init__(self, pool: RemotePool, most: int) -> None:
        self._pool = pool
        self._most = most
        self._changed = threading.Condition()
        self._waiting: deque[tuple[str, int, bytes]] = deque()
        self._generation = 0  # counts the closings: whoever began before one leaves after it
        self._idle = 0
        self._attendants: set[_Attendant] = set()

    def send(self, key: str, attempt: int, parcel: bytes) -> None:
        with self._changed:
            self._waiting.append((key, attempt, parcel))
            if self._idle >= len(self._waiting):
                self._changed.notify()
            elif len(self._attendants) < self._most:
                attendant = _Attendant(self, self._generation)
                self._attendants.add(attendant)
                attendant.start()
            else:
                self._changed.notify()

    def withdraw(self) -> Collection[str]:
        with self._changed:
            keys = [key for key, _, _ in self._waiting]
            self._waiting.clear()
        return keys

    def stop(self) -> None:
        with self._changed:
            self._waiting.clear()
            attendants = list(self._attendants)
        for attendant in attendants:
            attendant.kill()

    def close(self) -> None:
        with self._changed:
            self._generation += 1
            self._changed.notify_all()
            attendants = list(self._attendants)
            self._attendants.clear()
        for attendant in attendants:
            if attendant is not threading.current_thread():
                attendant.join(_SECONDS_TO_LEAVE)

    # For the attendants.

    def next_for(self, generation: int) -> tuple[str, int, bytes] | None:
        with self._changed:
            while self._generation == generation:
                if self._waiting:
                    return self._waiting.popleft()
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            return None

    def arrived(self, key: str, reply: bytes) -> None:
        self._pool.arrived(key, reply)

    def lost(self, key: str, attempt: int, reason: str) -> None:
        self._pool.lost(key, attempt, reason)


class _Attendant(threading.Thread):
    """One process, and what it is given."""

    def __init__(self, line: ProcessLine, generation: int) -> None:
        super().__init__(name="orchestrator-process", daemon=True)
        self._line = line
        self._generation = generation
        self._process: _Process | None = None
        self._killed = False

    def run(self) -> None:
        try:
            while (given := self._line.next_for(self._generation)) is not None:
                self._execute(*given)
        finally:
            if self._process is not None:
                self._process.leave()

    def kill(self) -> None:
        self._killed = True
        if self._process is not None:
            self._process.kill()

    def _execute(self, key: str, attempt: int, parcel: bytes) -> None:
        try:
            if self._process is None:
                self._process = _Process()
            reply = self._process.ask(parcel)
        except OSError as error:
            self._process = None
            self._line.lost(key, attempt, f"No process could be started to execute the task: {error}.")
            return
        if reply is None:
            code = self._process.end()
            self._process = None
            self._line.lost(key, attempt, f"The process that executed the task died: {how_it_ended(code)}.")
            return
        self._line.arrived(key, reply)


class _Process:
    """A fresh interpreter that executes what it is sent. See `child`."""

    def __init__(self) -> None:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        numbers = [str(number) for number in (os.getpid(), theirs_in, theirs_out)]
        command = [sys.executable, "-m", "orchestrator.sdk.runners.child", *numbers]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, pass_fds=[theirs_in, theirs_out], env=environment
            )
        except BaseException:
            os.close(ours_in)
            os.close(ours_out)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._requests: BinaryIO = os.fdopen(ours_out, "wb", buffering=0)
        self._replies: BinaryIO = os.fdopen(ours_in, "rb")
        own = {"environment": dict(os.environ), "path": list(sys.path), "arguments": list(sys.argv)}
        write_frame(self._requests, pickle.dumps(own))

    def ask(self, parcel: bytes) -> bytes | None:
        """The reply; None when the process has died."""
        try:
            write_frame(self._requests, parcel)
            return read_frame(self._replies)
        except (BrokenPipeError, ConnectionError):
            return None

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> int:
        """It has died. The exit code, negative for a signal."""
        self._close()
        try:
            return self._process.wait(_SECONDS_TO_LEAVE)
        except subprocess.TimeoutExpired:  # it only closed its pipe
            self._process.kill()
            return self._process.wait()

    def leave(self) -> None:
        """It has nothing more to do, and ends by itself."""
        self._close()
        try:
            self._process.wait(_SECONDS_TO_LEAVE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _close(self) -> None:
        self._requests.close()
        self._replies.close()


def write_frame(stream: BinaryIO, content: bytes) -> None:
    rest = memoryview(_LENGTH.pack(len(content)) + content)
    while rest:
        rest = rest[stream.write(rest) :]


def read_frame(stream: Any) -> bytes | None:
    """None at the end of the stream, also when it comes too early."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    content: bytes = stream.read(length)
    return content if len(content) == length else None
