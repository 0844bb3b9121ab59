"""What a run may change about its process, and how it is put back: nothing of one run reaches the next."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


class BadRunSetting(Exception):
    """A deployment or job variable cannot be used; the message says which and why."""


@contextmanager
def surroundings(*, directory: Path, environment: Mapping[str, Any]) -> Iterator[None]:
    """Inside, the process works in `directory` and has the variables of `environment` on top of its own.

    Afterwards the working directory, environment, import path, arguments, standard streams, signal handlers, umask,
    warning filters and the logging set-up are what they were before, whatever the code inside did to them.
    A value of None removes a variable. Raises BadRunSetting when the directory cannot be entered.
    """
    before = _Snapshot()
    try:
        try:
            os.chdir(directory)
        except OSError as error:
            raise BadRunSetting(f"The working directory {directory} cannot be used: {error.strerror}") from error
        for name, value in environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = str(value)
        yield
    finally:
        before.put_back()


@contextmanager
def run_directory(*, given: str | None, home: Path, flow_run_id: str, attempt: int = 1) -> Iterator[Path]:
    """The deployment's own directory when it has one, else a fresh one that is removed afterwards.

    Each attempt has its own: one that was taken for lost may still be at work in its directory, and removes it when it
    ends. What earlier attempts left behind goes with the last. Raises BadRunSetting when the given directory does not
    exist.
    """
    if given:
        directory = Path(given).expanduser()
        if not directory.is_dir():
            raise BadRunSetting(f"The deployment's path {given!r} is not a directory on this worker")
        yield directory
        return
    earlier = [home / "runs" / _directory_name(flow_run_id, number) for number in range(1, attempt)]
    directory = home / "runs" / _directory_name(flow_run_id, attempt)
    shutil.rmtree(directory, ignore_errors=True)
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.mkdir(mode=0o700)  # fetched code may be private, and other users of the host need not see it
    try:
        yield directory
    finally:
        for each in (directory, *earlier):
            shutil.rmtree(each, ignore_errors=True)


def _directory_name(flow_run_id: str, attempt: int) -> str:
    return flow_run_id if attempt == 1 else f"{flow_run_id}-{attempt}"


class _Snapshot:
    """Everything that `surroundings` puts back."""

    def __init__(self) -> None:
        self._directory = _current_directory()
        self._environment = dict(os.environ)
        self._path = list(sys.path)
        self._path_hooks = list(sys.path_hooks), list(sys.meta_path)
        self._arguments = list(sys.argv)
        self._streams = sys.stdin, sys.stdout, sys.stderr
        self._hooks = sys.excepthook, sys.displayhook
        self._recursion_limit = sys.getrecursionlimit()
        self._umask = os.umask(0)
        os.umask(self._umask)
        self._filters = list(warnings.filters)
        self._signals = {number: signal.getsignal(number) for number in signal.valid_signals() if number not in _FIXED}
        self._disabled_level = logging.root.manager.disable
        self._loggers = {logger: _Logging(logger) for logger in _all_loggers()}

    def put_back(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._signals.items():
            if handler is not None and signal.getsignal(number) is not handler:
                with suppress(OSError, ValueError):
                    signal.signal(number, handler)
        sys.stdin, sys.stdout, sys.stderr = self._streams
        sys.excepthook, sys.displayhook = self._hooks
        sys.setrecursionlimit(self._recursion_limit)
        sys.argv[:] = self._arguments
        sys.path[:] = self._path
        sys.path_hooks[:], sys.meta_path[:] = self._path_hooks
        if warnings.filters != self._filters:
            warnings.filters[:] = self._filters  # type: ignore[index]
            warnings._filters_mutated()  # type: ignore[attr-defined]
        os.umask(self._umask)
        self._put_back_environment()
        self._put_back_logging()
        try:
            os.chdir(self._directory)
        except OSError:  # somebody removed it: the next run brings its own
            os.chdir("/")

    def _put_back_environment(self) -> None:
        for name in os.environ.keys() - self._environment.keys():
            del os.environ[name]
        for name, value in self._environment.items():
            if os.environ.get(name) != value:
                os.environ[name] = value

    def _put_back_logging(self) -> None:
        logging.disable(self._disabled_level)
        for logger in _all_loggers():
            before = self._loggers.get(logger)
            if before is not None:
                before.put_back(logger)
            else:
                # Made by the run. The object stays, because modules keep references to it, but as if it were new.
                logger.handlers.clear()
                logger.filters.clear()
                logger.setLevel(logging.NOTSET)
                logger.propagate, logger.disabled = True, False


class _Logging:
    """How one logger was set up."""

    def __init__(self, logger: logging.Logger) -> None:
        self._level = logger.level
        self._flags = logger.propagate, logger.disabled
        self._handlers = list(logger.handlers)
        self._levels = [handler.level for handler in logger.handlers]
        self._filters = list(logger.filters)

    def put_back(self, logger: logging.Logger) -> None:
        if logger.level != self._level:
            logger.setLevel(self._level)
        logger.propagate, logger.disabled = self._flags
        logger.handlers[:] = self._handlers
        for handler, level in zip(self._handlers, self._levels, strict=True):
            handler.level = level
        logger.filters[:] = self._filters


_FIXED = {signal.SIGKILL, signal.SIGSTOP}


def _current_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed under us
        return "/"


def _all_loggers() -> list[logging.Logger]:
    made = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    return [logging.root, *made]
