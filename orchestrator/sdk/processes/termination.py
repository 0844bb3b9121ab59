"""SIGTERM to a script that runs a flow: the run is recorded as crashed instead of staying Running for ever."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from orchestrator.sdk.errors import ProcessTerminated


@contextmanager
def ending_with_the_process() -> Iterator[None]:
    """Inside, SIGTERM raises ProcessTerminated in the main thread.

    Changes nothing in other threads, and nothing where the program handles the signal by itself.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is _terminate:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _terminate(number: int, frame: Any) -> None:
    raise ProcessTerminated(128 + number)
