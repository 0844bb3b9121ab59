"""Run logs: to the terminal, and to the server with the ids of the run they belong to."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from orchestrator.contract.ids import uuid7
from orchestrator.contract.times import format_time
from orchestrator.sdk.configuration import settings
from orchestrator.sdk.context import current_flow_run, current_task_run
from orchestrator.sdk.errors import MissingContext

if TYPE_CHECKING:
    from orchestrator.sdk.recording.delivery import Delivery

MAX_MESSAGE_LENGTH = 100_000  # characters; the rest of a longer message is cut
_CUT = " … (cut)"
_setup_lock = threading.Lock()


class RunLogger(logging.LoggerAdapter):
    """A logger that knows its run."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(kwargs.get("extra") or {}), **(self.extra or {})}
        return msg, kwargs


def get_run_logger() -> RunLogger:
    """The logger of the run that calls.

    Outside of a run it raises MissingContext, unless inside `disable_run_logger()`.
    """
    if _silent.get():
        return RunLogger(_nowhere(), {})
    task_run = current_task_run.get()
    if task_run is not None:
        return task_run.logger
    flow_run = current_flow_run.get()
    if flow_run is not None:
        return flow_run.logger
    raise MissingContext("get_run_logger() was called outside of a flow or task run.")


def logger_of_run() -> RunLogger | logging.Logger:
    """That of the run which calls; outside of runs, the SDK's own, which goes to the terminal only."""
    try:
        return get_run_logger()
    except MissingContext:
        return sdk_logger()


@contextmanager
def disable_run_logger() -> Iterator[None]:
    """Inside, `get_run_logger()` works without a run, and what is logged through it goes nowhere.

    For tests that call `my_task.fn(…)` directly.
    """
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def flow_run_logger(*, flow_run_id: str, name: str, delivery: Delivery | None) -> RunLogger:
    configure()
    extra = {"flow_run_id": flow_run_id, "task_run_id": None, "run_label": f"Flow run {name!r}", "delivery": delivery}
    return RunLogger(logging.getLogger("orchestrator.flow_runs"), extra)


def task_run_logger(*, flow_run_id: str | None, task_run_id: str, name: str, delivery: Delivery | None) -> RunLogger:
    configure()
    label = f"Task run {name!r}"
    extra = {"flow_run_id": flow_run_id, "task_run_id": task_run_id, "run_label": label, "delivery": delivery}
    return RunLogger(logging.getLogger("orchestrator.task_runs"), extra)


def get_logger(name: str | None = None) -> logging.Logger:
    """A logger of the author's, below `orchestrator`: its lines go where those of runs are shown, but to no server.

    `get_logger("etl")` is the logger `orchestrator.etl`; None is `orchestrator` itself.
    """
    configure()
    if not name or name == "orchestrator" or name.startswith("orchestrator."):
        return logging.getLogger(name or "orchestrator")
    return logging.getLogger(f"orchestrator.{name}")


def sdk_logger() -> logging.Logger:
    """For what the SDK says about itself: terminal only."""
    configure()
    return logging.getLogger("orchestrator.sdk")


def configure(*, console: bool = True) -> None:
    """Set the handlers of the `orchestrator` logger, if it has none yet. A worker wants no console: it has a log.

    The logger itself is asked: whoever puts logging back as it was before takes the handlers away again.
    """
    root = logging.getLogger("orchestrator")
    if _is_configured(root):
        return
    with _setup_lock:
        if _is_configured(root):
            return
        root.setLevel(settings.logging_level())
        root.propagate = False
        if console:
            handler = ConsoleHandler()
            handler.setFormatter(_ConsoleFormatter())
            root.addHandler(handler)
        root.addHandler(ServerHandler())  # the last, as it says that all is there


def _is_configured(root: logging.Logger) -> bool:
    return any(isinstance(handler, ServerHandler) for handler in root.handlers)


class ConsoleHandler(logging.Handler):
    """Writes to whatever `sys.stderr` is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - a log line must never end a run; logging's own way of saying so
            self.handleError(record)


class ServerHandler(logging.Handler):
    """Hands the records of runs to the delivery of their server."""

    def emit(self, record: logging.LogRecord) -> None:
        delivery = getattr(record, "delivery", None)
        if delivery is None:
            return
        try:
            delivery.put_log(RunLog(record, self._message(record)))
        except Exception:  # noqa: BLE001 - see ConsoleHandler
            self.handleError(record)

    def _message(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            message = f"{message}\n{_TRACEBACKS.formatException(record.exc_info)}"
        # Some databases cannot store this character in a text.
        message = message.replace("\x00", "\ufffd")
        if len(message) > MAX_MESSAGE_LENGTH:
            message = message[: MAX_MESSAGE_LENGTH - len(_CUT)] + _CUT
        return message


class RunLog:
    """One log line on its way to the server. The id makes a repeated delivery harmless."""

    __slots__ = ("_flow_run_id", "_level", "_message", "_name", "_task_run_id", "_timestamp")

    def __init__(self, record: logging.LogRecord, message: str) -> None:
        self._name = record.name
        self._level = record.levelno
        self._message = message
        self._timestamp = record.created
        self._flow_run_id = getattr(record, "flow_run_id", None)
        self._task_run_id = getattr(record, "task_run_id", None)

    def to_wire(self) -> dict[str, Any]:
        return {
            "id": str(uuid7()),
            "name": self._name,
            "level": self._level,
            "message": self._message,
            "timestamp": format_time(datetime.fromtimestamp(self._timestamp, UTC)),
            "flow_run_id": self._flow_run_id,
            "task_run_id": self._task_run_id,
        }


class _ConsoleFormatter(logging.Formatter):
    """`14:03:22.123 | INFO    | Flow run 'amber-dove' - …`, in local time."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created)  # noqa: DTZ006 - the terminal shows local time
        label = getattr(record, "run_label", None)
        text = record.getMessage()
        if label:
            text = f"{label} - {text}"
        if record.exc_info and record.exc_info[0] is not None:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d} | {record.levelname:<7} | {text}"


_TRACEBACKS = logging.Formatter()
_silent: ContextVar[bool] = ContextVar("orchestrator_silent", default=False)


def _nowhere() -> logging.Logger:
    """A logger that takes every line and keeps none."""
    logger = logging.Logger("orchestrator.nowhere", level=logging.CRITICAL + 1)
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger
