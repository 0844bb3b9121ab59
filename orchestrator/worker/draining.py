"""How a worker ends: it takes nothing more, lets running flows end, and hands back what takes too long."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import signals
from celery.worker.state import active_requests

LAST_RESORT_SECONDS = 25.0  # from handing back to the end; Celery looks 10 s for a process that it lost

_log = logging.getLogger("orchestrator.worker")


class Drain:
    """Follows Celery's shutdown. SIGTERM begins it; a second SIGTERM, or the end of the patience, cuts it short."""

    def __init__(self, *, patience_seconds: float | None, leaving: Callable[[], None]) -> None:
        """`patience_seconds` None: until the last run has ended. `leaving` is called once, as soon as it begins."""
        self._patience_seconds = patience_seconds
        self._leaving = leaving
        self._cut_short = False
        self._ends_at: float | None = None  # by the monotonic clock
        self.begun = False
        signals.worker_shutting_down.connect(self._shutting_down, weak=False)

    def seconds_left(self) -> float | None:
        """Of the patience, for all that still runs together; None: as long as that takes.

        It begins with the shutdown, or with the first question: a worker that cannot go on ends without being told to.
        """
        if self._ends_at is None:
            if self._patience_seconds is None:
                return None
            self._ends_at = time.monotonic() + self._patience_seconds
        return max(0.0, self._ends_at - time.monotonic())

    def _shutting_down(self, sig: str, how: str, **_: Any) -> None:
        warm = how.lower() == "warm"
        if not warm:
            self._ends_at = time.monotonic()
        if not self.begun:
            self.begun = True
            self._leaving()
            if warm:
                self._say_what_is_waited_for()
            if warm and self._patience_seconds is not None:
                self._hand_back_in(self._patience_seconds)
        elif warm and sig == "SIGTERM":
            self._hand_back_in(0.0)  # from another thread: this is a signal's handler, and must come to its end first

    def _hand_back_in(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds
        timer = threading.Timer(seconds, self._hand_back)
        timer.daemon = True
        timer.start()

    def _hand_back(self) -> None:
        """What Celery does at SIGQUIT: it ends the processes, and `RunRequest.cancel` tells the server."""
        if not self._cut_short:
            self._cut_short = True
            last_resort = threading.Timer(LAST_RESORT_SECONDS, self._end_at_once)
            last_resort.daemon = True
            last_resort.start()
            os.kill(os.getpid(), signal.SIGQUIT)

    def _end_at_once(self) -> None:
        """Its processes notice, give their runs up and end, as when a worker is killed."""
        _log.error("The worker did not end by itself within %g seconds. What it waits for:", LAST_RESORT_SECONDS)
        faulthandler.dump_traceback()
        os._exit(1)

    def _say_what_is_waited_for(self) -> None:
        if not active_requests:
            _log.info("The worker stops.")
            return
        patience = "" if self._patience_seconds is None else f", in {self._patience_seconds:g} seconds at the latest"
        count = len(active_requests)
        runs = "1 running flow run has" if count == 1 else f"{count} running flow runs have"
        _log.info("The worker stops when its %s ended%s.", runs, patience)
