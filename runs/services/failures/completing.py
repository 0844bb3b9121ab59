"""Where a failure happened: filled in from the log once the failed state and the telling line are both there.

Either may arrive first. So it is looked at after the commit of each, and whoever comes second finds the other; doing it
twice changes nothing. Should a process die in between, the run's page still finds the line by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from orchestrator.contract.times import now
from runs.models import FlowRun, Log, TaskRun
from runs.services.failures.columns import BAD_ENDS
from runs.services.failures.naming import fingerprint_of
from runs.services.failures.tracebacks import read_traceback

ERROR = 40  # the level
MOST_FLOW_RUNS = 50  # completed at once; more never fail within one transaction but by force
TASKS_AT_ONCE = 100
LINES_OF_A_RUN = 20
LENGTH = 300  # characters of a place or a line of code
# How long after the state a line may arrive that tells more than the one that is known. Many failures have no
# traceback, and would else be looked at again with every error that their runs go on to write.
LATENESS = timedelta(minutes=1)

_TOLD = ("error_frame", "error_source", "error_fingerprint", "failure_log_id")
_COLUMNS = (
    "run_count",
    "state_name",
    "state_timestamp",
    "error_type",
    "error_message",
    "failing_task_run_id",
    *_TOLD,
)


def note_error_lines(lines: Sequence[Log]) -> None:
    """Called with lines after their commit. Costs nothing unless there are errors among them."""
    errors = [line for line in lines if line.level >= ERROR]
    if errors:
        complete_failures(
            flow_run_ids={line.flow_run_id for line in errors if line.flow_run_id},
            task_run_ids={line.task_run_id for line in errors if line.task_run_id},
        )


def complete_failures(*, flow_run_ids: Collection[UUID] = (), task_run_ids: Collection[UUID] = ()) -> None:
    """Fill in place, source and log line of those that failed and lack them. The others are left alone."""
    ids = list(task_run_ids)
    for start in range(0, len(ids), TASKS_AT_ONCE):
        _complete_task_runs(ids[start : start + TASKS_AT_ONCE])
    if flow_run_ids:
        lacking = _lacking(FlowRun.objects.filter(pk__in=flow_run_ids))
        for run in lacking.only(*_COLUMNS)[:MOST_FLOW_RUNS]:
            _complete_flow_run(run)


def first_failed_task(run: FlowRun) -> TaskRun | None:
    """The task run that went wrong first; those that stand for subflows come last, being consequences.

    Of a run that was begun again only the last attempt counts, as far as the task runs tell theirs.
    """
    failed = run.task_runs.filter(state_type__in=BAD_ENDS, flow_run_run_count__in=(0, run.run_count))
    columns = ("id", "name", "flow_run_id", "state_type", *_COLUMNS)
    alone = failed.filter(child_flow_runs=None).only(*columns).order_by("end_time", "id").first()
    return alone or failed.only(*columns).order_by("end_time", "id").first()


def telling_line(of_run: Q, task_id: UUID | None) -> Log | None:
    """The newest error line, those of the task and those with a traceback first."""
    lines = Log.objects.filter(of_run).at_least(ERROR).order_by("-timestamp", "-id")[:LINES_OF_A_RUN]
    return most_telling(lines, task_id)


def most_telling(lines: Iterable[Log], task_id: UUID | None) -> Log | None:
    return max(lines, key=lambda line: (line.task_run_id == task_id, "Traceback" in line.message), default=None)


def _lacking(runs: QuerySet[Any]) -> QuerySet[Any]:
    may_learn_more = Q(failure_log_id=None) | Q(state_timestamp__gt=now() - LATENESS)
    return runs.filter(may_learn_more, state_type__in=BAD_ENDS, error_frame=None)


def _complete_task_runs(ids: list[UUID]) -> None:
    lacking = _lacking(TaskRun.objects.filter(pk__in=ids))
    runs = list(lacking.only(*_COLUMNS).order_by("pk"))  # as everybody locks them
    lines: dict[UUID | None, list[Log]] = {}
    found = Log.objects.filter(task_run_id__in=[run.pk for run in runs]).at_least(ERROR)
    for line in found.order_by("-timestamp", "-id")[: LINES_OF_A_RUN * TASKS_AT_ONCE] if runs else ():
        lines.setdefault(line.task_run_id, []).append(line)
    told = [(run, telling) for run in runs if (telling := most_telling(lines.get(run.pk, ()), run.pk))]
    if told:
        with transaction.atomic():
            for run, telling in told:
                _write(run, _told_by(telling, run))


def _complete_flow_run(run: FlowRun) -> None:
    task = first_failed_task(run)
    cause = _cause(task) if task else None
    changes: dict[str, Any] = {}
    if cause is not None:
        changes["failing_task_run_id"] = cause.failing_task_run_id if isinstance(cause, FlowRun) else cause.pk
        if run.error_type == run.state_name and cause.error_type:  # its own state names no exception
            changes |= {"error_type": cause.error_type, "error_message": cause.error_message}
    line = telling_line(Q(flow_run_id=run.pk), task.pk if task else None)
    told = _told_by(line, run, **changes) if line else {}
    if not told.get("error_frame") and cause is not None and cause.error_frame:
        told = {name: getattr(cause, name) for name in _TOLD}
    if changes or told:
        with transaction.atomic():
            _write(run, changes | told)


def _cause(task: TaskRun) -> TaskRun | FlowRun:
    """The subflow that the task run stands for, where it failed; else the task run itself."""
    below = FlowRun.objects.filter(parent_task_run=task.pk, state_type__in=BAD_ENDS)
    return below.only(*_COLUMNS).order_by("-id").first() or task


def _told_by(line: Log, run: FlowRun | TaskRun, **named: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"failure_log_id": line.pk}
    traceback = read_traceback(line.message)
    if traceback is not None:
        frame = traceback.own_frame
        told |= {"error_frame": frame.place[:LENGTH], "error_source": frame.source[:LENGTH]}
        told["error_fingerprint"] = fingerprint_of(
            error_type=named.get("error_type") or run.error_type or "",
            message=named.get("error_message") or run.error_message or "",
            place=frame.place,
        )
    return told


def _write(run: FlowRun | TaskRun, changes: dict[str, Any]) -> None:
    """Unless the run has left the state that failed meanwhile."""
    type(run).objects.filter(pk=run.pk, state_timestamp=run.state_timestamp).update(**changes)
