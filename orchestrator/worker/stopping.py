"""The signals that reach a child while it executes a run."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from orchestrator.sdk.stopping import STOP_SIGNAL

ORPHAN_SIGNAL = signal.SIGHUP  # what the kernel sends when the worker dies; see children.py
SOFT_LIMIT_SIGNAL = signal.SIGUSR1  # what Celery sends at the soft time limit; the SDK keeps that limit itself
_SECONDS_TO_SAY_GOODBYE = 10.0


@contextmanager
def signals_of_run(*, orphaned: Callable[[], None]) -> Iterator[None]:
    """Inside, SIGTERM just ends the process, and `orphaned` is called when the worker dies.

    The worker learns of the end of its child, and tells the server what became of the run.
    """

    def on_orphaned(number: int, frame: Any) -> None:
        orphaned()
        time.sleep(_SECONDS_TO_SAY_GOODBYE)  # the run must not go on while another thread gives it up

    handlers: dict[int, Any] = {
        signal.SIGTERM: signal.SIG_DFL,
        ORPHAN_SIGNAL: on_orphaned,
        SOFT_LIMIT_SIGNAL: signal.SIG_IGN,
        STOP_SIGNAL: signal.SIG_IGN,  # the engine listens to it as long as there is something to stop
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            # What comes late for one run must not hit the next.
            signal.signal(number, signal.SIG_IGN if number in (STOP_SIGNAL, SOFT_LIMIT_SIGNAL) else handler)
