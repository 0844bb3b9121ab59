"""A process beside the worker's children.

Not started by `subprocess`, which waits for a pipe to be closed: a child that Celery forks in this moment would keep it
open, and the worker would wait for as long as that child lives.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress


class Spawned:
    """One process. A terminal's signals to all of its processes do not reach it: the worker decides."""

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str] | None = None, told: bytes = b""):
        """`told` is what it reads from standard input; nobody else can read it. Raises OSError."""
        self._lock = threading.Lock()
        self._is_over = False
        with tempfile.TemporaryFile() as file:
            file.write(told)
            file.seek(0)  # the position is the process's too
            self.pid = os.posix_spawn(
                command[0],
                list(command),
                dict(os.environ if environment is None else environment),
                file_actions=[(os.POSIX_SPAWN_DUP2, file.fileno(), 0)],
                setpgroup=0,
            )

    def wait(self) -> int:
        """Until it has ended, in one thread. Returns how, as `subprocess` tells it; 0 if somebody else collected it."""
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        with self._lock:  # from here on another process may have its number
            self._is_over = True
            try:
                _, status = os.waitpid(self.pid, 0)
            except ChildProcessError:
                return 0
        return os.waitstatus_to_exitcode(status)

    def tell(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        with self._lock, suppress(ProcessLookupError):
            if not self._is_over:
                os.kill(self.pid, number)
