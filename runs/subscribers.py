"""What follows from events, from log lines and from deletions, for runs."""

from collections.abc import Sequence
from typing import Any

from django.db.models.signals import post_delete

from orchestrator.events.registry import add_recorder
from orchestrator.live.log_stream import lines_wanted, publish_lines
from orchestrator.live.missed import look_for_lines_with
from runs.api.answers import log_answer
from runs.models import FlowRun, Log, TaskRun
from runs.models.hour_counts import Counted
from runs.pages.logs.arrivals import has_arrivals
from runs.services.failures.completing import note_error_lines
from runs.services.heartbeats import note_heartbeats
from runs.services.hour_counts import forget_hours
from runs.services.leftovers import leave_behind
from runs.services.logs import add_log_listener
from runs.services.task_run_recorder import record_task_runs


def register() -> None:
    """Called once at start-up."""
    # In the order in which whoever ends a dead run locks the same rows.
    add_recorder(note_heartbeats)
    add_recorder(record_task_runs)
    add_log_listener(publish_logs)
    add_log_listener(note_error_lines)
    look_for_lines_with(has_arrivals)
    # However a run is deleted: by itself, with its flow, in bulk, by retention or by an operator.
    post_delete.connect(note_deleted_flow_run, sender=FlowRun, dispatch_uid="note_deleted_flow_run")
    post_delete.connect(note_deleted_task_run, sender=TaskRun, dispatch_uid="note_deleted_task_run")


def note_deleted_flow_run(instance: FlowRun, **signal: Any) -> None:
    leave_behind(instance)
    forget_hours(Counted.FLOW_RUNS, [instance.start_time, instance.expected_start_time])


def note_deleted_task_run(instance: TaskRun, origin: Any = None, **signal: Any) -> None:
    """One that goes with its flow run leaves nothing of its own: lines and artifacts name the flow run too."""
    forget_hours(Counted.TASK_RUNS, [instance.start_time, instance.expected_start_time])
    if getattr(origin, "leaves_nothing", False):
        return
    if getattr(origin, "model", type(origin)) is TaskRun or instance.flow_run_id is None:
        leave_behind(instance)


def publish_logs(logs: Sequence[Log]) -> None:
    """Let open pages and sockets know of lines that were stored."""
    if lines_wanted():
        publish_lines([log_answer(log) for log in logs])
