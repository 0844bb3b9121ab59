"""One fetch in progress: it can be stopped from another thread, and has bounds of time and size."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from orchestrator.sdk.errors import RunStopped
from orchestrator.worker.code.errors import CodeUnavailable
from orchestrator.worker.code.limits import Limits

_LOOKS_EVERY_SECONDS = 0.5
_OUTPUT_BYTES = 64 * 1024


class Fetching:
    """`stop` ends it with the given exception, raised in the thread that fetches."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._deadline: float | None = None
        self._stop: RunStopped | None = None
        self._stopped = threading.Event()
        self._under_way = 0

    def stop(self, stop: RunStopped) -> bool:
        """Whether there is anything to stop."""
        if not self._under_way:
            return False
        self._stop = stop
        self._stopped.set()
        return True

    def __enter__(self) -> Fetching:
        self._under_way += 1
        if self._deadline is None:
            self._deadline = time.monotonic() + self.limits.seconds
        return self

    def __exit__(self, *_: object) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._deadline = None

    @property
    def seconds_left(self) -> float:
        """Until the time is over; raises CodeUnavailable when it is."""
        left = (self._deadline or 0.0) - time.monotonic()
        if left <= 0:
            raise CodeUnavailable(f"Fetching the code took longer than {self.limits.seconds:g} seconds")
        return left

    def check(self, size: int = 0) -> None:
        """Raises what stopped the fetch, or CodeUnavailable when it takes too long or `size` bytes are too many."""
        if self._stop is not None:
            raise self._stop
        _ = self.seconds_left
        self.check_size(size)

    def check_size(self, size: int) -> None:
        if size > self.limits.source_bytes:
            most = self.limits.source_bytes / 1024 / 1024
            raise CodeUnavailable(
                f"The code is larger than {most:g} MB; ORCHESTRATOR_CODE_MAX_MB of the worker says how much it may be"
            )

    def run(
        self, command: Sequence[str], *, environment: Mapping[str, str], directory: Path | None = None, watched: Path
    ) -> tuple[int, str, str]:
        """Exit code, output and errors of a program whose files grow below `watched`.

        It is killed with all it started when the fetch is stopped or one of its bounds is reached.
        """
        with subprocess.Popen(
            command,
            env=dict(environment),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                while True:
                    try:
                        out, err = process.communicate(timeout=min(_LOOKS_EVERY_SECONDS, self.seconds_left))
                        break
                    except subprocess.TimeoutExpired:
                        self.check(size_below(watched))
            except BaseException:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
        self.check(size_below(watched))
        return process.returncode, _text(out), _text(err)


def size_below(directory: Path) -> int:
    """Bytes of all files in a tree that may be changing."""
    total = 0
    for root, _, files in os.walk(directory):
        for name in files:
            with suppress(OSError):
                total += os.lstat(os.path.join(root, name)).st_size
    return total


def _text(output: bytes) -> str:
    return output[-_OUTPUT_BYTES:].decode("utf-8", "backslashreplace")
