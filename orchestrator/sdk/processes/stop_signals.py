"""SIGINT and SIGTERM for what serves until it is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class CanStop(Protocol):
    def stop(self) -> None: ...


@contextmanager
def stopped_by_signals(serving: CanStop) -> Iterator[None]:
    """Inside, SIGINT and SIGTERM call `serving.stop()`. Changes nothing in other threads than the main one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: serving.stop()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
