"""A process beside the worker's children, started again when it ends by itself, until the worker stops."""

from __future__ import annotations

import logging
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from orchestrator.sdk.processes.child_processes import how_it_ended
from orchestrator.worker.spawned import Spawned

HEALTHY_SECONDS = 60.0  # whoever lived that long is started again as if for the first time
_FIRST_PAUSE_SECONDS = 1.0
_NOTICE_SECONDS = 1.0  # between SIGTERM and what cuts its patience short: both at once may arrive as one
_LOOK_SECONDS = 0.2  # between two looks at the patience that is left
_KILL_SECONDS = 5.0  # from that to SIGKILL

_log = logging.getLogger("orchestrator.worker")


class KeptProcess(ABC):
    """Subclasses say what is started, when it is needed, and which signal makes it end at once."""

    what: ClassVar[str]  # for the log
    cuts_short: ClassVar[signal.Signals]
    longest_pause_seconds: ClassVar[float]

    def __init__(self, *, is_wanted: bool) -> None:
        """Without `is_wanted` nothing ever happens."""
        self._is_wanted = is_wanted
        self._stopped = threading.Event()
        self._process: Spawned | None = None
        self._thread = threading.Thread(target=self._keep_alive, name=f"keeps-{type(self).__name__}", daemon=True)

    def start(self) -> None:
        if self._is_wanted:
            self._thread.start()

    def stop(self, *, seconds_left: Callable[[], float | None]) -> None:
        """Let it end what it has begun, while there are seconds left (None: as long as that takes); then it has to end.

        They are asked for again and again: who is told to stop once more has none left.
        """
        self._stopped.set()
        if not self._thread.is_alive():
            return
        self._tell(signal.SIGTERM)
        self._thread.join(_NOTICE_SECONDS)
        while self._thread.is_alive() and (left := seconds_left()) != 0.0:
            self._thread.join(_LOOK_SECONDS if left is None else min(left, _LOOK_SECONDS))
        for number in (self.cuts_short, signal.SIGKILL):
            if self._thread.is_alive():
                self._tell(number)
                self._thread.join(_KILL_SECONDS)

    @abstractmethod
    def _started(self) -> Spawned:
        """A new process. Raises OSError."""

    def _wait_until_needed(self) -> None:  # noqa: B027 - most are needed at once
        """Until the process is needed, or is to be stopped."""

    def _keep_alive(self) -> None:
        # The kernel ends the process together with the thread that started it: this one stays as long as the worker.
        self._wait_until_needed()
        pause = _FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                self._process = process = self._started()
            except OSError as error:
                _log.error("%s cannot be started (%s); it is tried again.", self.what, error)
            else:
                if self._stopped.is_set():
                    process.tell(signal.SIGTERM)
                how = how_it_ended(process.wait())
                if self._stopped.is_set():
                    return
                _log.warning("%s ended (%s); it is started again.", self.what, how)
            if time.monotonic() - began > HEALTHY_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            self._stopped.wait(pause)
            pause = min(pause * 2, self.longest_pause_seconds)

    def _tell(self, number: int) -> None:
        if self._process is not None:
            self._process.tell(number)
