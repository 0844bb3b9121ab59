"""Working out what users wrote, where it can cost no more than some seconds and some memory: in a process of its own.

A thread cannot be interrupted, and what takes all memory takes the server with it. Such a process knows nothing: no
settings, no database, none of the environment.
"""

from __future__ import annotations

import json
import os
import pickle
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

MOST_SECONDS = 2.0
MOST_KEPT = 4  # processes that wait for the next call
START_SECONDS = 20.0  # for a process that is only beginning
LENGTH_BYTES = 8  # before each message
LONGEST_ANSWER = 64_000_000  # bytes

# How a call ended, as the answer says it.
RETURNED, RAISED, OUT_OF_MEMORY = "returned", "raised", "out of memory"

_kept: list[Helper] = []
_lock = threading.Lock()


class TooCostly(Exception):
    """It took more time or memory than there is for it."""


class Failed(Exception):
    """The function raised; the message is that of its error."""


def confined(function: Callable[..., Any], *arguments: Any, seconds: float = MOST_SECONDS) -> Any:
    """What the function returns, which must be JSON: nothing that comes out of the other process is trusted.

    It is called by its name, so its module must need no Django. Raises TooCostly and Failed.
    """
    helper = _take()
    try:
        helper.load(function.__module__)
        succeeded, result = helper.ask((function.__module__, function.__qualname__, arguments), seconds)
    except BaseException:
        helper.end()
        raise
    _keep(helper)
    if not succeeded:
        raise Failed(result)
    return result


class Helper:
    """One such process. It ends by itself when this one does."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._loaded: set[str] = set()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "orchestrator.web.confinement"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={"PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
        )

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def load(self, module: str) -> None:
        """Have it begin and import the module, which is no matter of what users wrote, and may take longer."""
        if module not in self._loaded:
            self.ask(("orchestrator.web.confinement", "load", (module,)), START_SECONDS)
            self._loaded.add(module)

    def ask(self, call: Any, seconds: float) -> tuple[bool, Any]:
        """Whether the call succeeded, and what it returned, or the message of its error. Raises TooCostly."""
        data = pickle.dumps(call)
        assert self._process.stdin is not None
        try:
            with memoryview(len(data).to_bytes(LENGTH_BYTES) + data) as left:
                sent = 0
                while sent < len(left):
                    sent += self._process.stdin.write(left[sent:]) or 0
        except OSError:
            raise TooCostly("The process that works it out has ended.") from None
        until = monotonic() + seconds
        length = int.from_bytes(self._read(LENGTH_BYTES, until))
        if length > LONGEST_ANSWER:
            raise TooCostly("The result is too large.")
        outcome, value = json.loads(self._read(length, until))
        if outcome == OUT_OF_MEMORY:
            raise TooCostly("It takes too much memory.")
        return outcome == RETURNED, value

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _read(self, count: int, until: float) -> bytes:
        assert self._process.stdout is not None
        poll = select.poll()
        poll.register(self._process.stdout, select.POLLIN)
        parts = bytearray()
        while len(parts) < count:
            left = until - monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise TooCostly("It takes too long.")
            part = self._process.stdout.read(count - len(parts))
            if not part:
                raise TooCostly("It takes too much memory.")
            parts += part
        return bytes(parts)


def _take() -> Helper:
    while True:
        with _lock:
            helper = _kept.pop() if _kept else None
        if helper is None:
            return Helper()
        if helper.owner != os.getpid():
            continue  # this process was forked: it is the parent's
        if helper.is_alive:
            return helper
        helper.end()


def _keep(helper: Helper) -> None:
    with _lock:
        if len(_kept) < MOST_KEPT:
            _kept.append(helper)
            return
    helper.end()
