"""What follows from events and from log lines, for runs."""

from collections.abc import Sequence

from orchestrator.events.registry import add_recorder
from orchestrator.live.log_stream import lines_wanted, publish_lines
from runs.api.answers import log_answer
from runs.models import Log
from runs.services.logs import add_log_listener
from runs.services.task_run_recorder import record_task_runs


def register() -> None:
    """Called once at start-up."""
    add_recorder(record_task_runs)
    add_log_listener(publish_logs)


def publish_logs(logs: Sequence[Log]) -> None:
    """Let open pages and sockets know of lines that were stored."""
    if lines_wanted():
        publish_lines([log_answer(log) for log in logs])
