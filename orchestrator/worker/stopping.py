"""The signals that reach a child while it executes a run, and what it does with threads that do not stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from orchestrator.sdk.engine.stopping import STOP_SIGNAL

ORPHAN_SIGNAL = signal.SIGHUP  # what the kernel sends when the worker dies; see children.py
SOFT_LIMIT_SIGNAL = signal.SIGUSR1  # what Celery sends at the soft time limit; the SDK keeps that limit itself
USED_UP = 155  # how a child ends that is to be replaced although its run ended in good order; billiard's own number
_SECONDS_TO_SAY_GOODBYE = 10.0
_DEAF_SECONDS = 0.2


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


def leave_deaf_threads() -> None:
    """End this process, after the result is handed over, when task threads of an ended run still execute.

    Nothing but the end of the process stops a thread that blocks, and it must not go on beside the next run.
    """
    for thread in _task_threads():
        thread.join(_DEAF_SECONDS)
    left = len(_task_threads())
    if left:
        raise SystemExit(USED_UP)


def _task_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if getattr(thread, "busy", False)]
