"""`log_prints`: what a run prints becomes part of its log."""

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from orchestrator.sdk.recording.logs import RunLogger

_print_logger: ContextVar[RunLogger | None] = ContextVar("orchestrator_print_logger", default=None)
_lock = threading.Lock()
_users = 0
_original = builtins.print


@contextmanager
def prints_to(logger: RunLogger | None) -> Iterator[None]:
    """Inside, `print()` goes to the logger; None leaves it alone, also inside a run that logs its prints."""
    token = _print_logger.set(logger)
    if logger is None:
        try:
            yield
        finally:
            _print_logger.reset(token)
        return
    _install()
    try:
        yield
    finally:
        _uninstall()
        _print_logger.reset(token)


def _print(*values: Any, sep: str | None = None, end: str | None = None, file: Any = None, flush: bool = False) -> None:
    logger = _print_logger.get()
    if logger is None or (file is not None and file is not sys.stdout and file is not sys.stderr):
        _original(*values, sep=sep, end=end, file=file, flush=flush)
        return
    text = (" " if sep is None else sep).join(str(value) for value in values)
    # The text is data: a percent sign in it is no place holder.
    logger.info("%s", text)


def _install() -> None:
    global _users, _original
    with _lock:
        if _users == 0:
            _original = builtins.print
            builtins.print = _print
        _users += 1


def _uninstall() -> None:
    global _users
    with _lock:
        _users -= 1
        if _users == 0 and builtins.print is _print:
            builtins.print = _original
