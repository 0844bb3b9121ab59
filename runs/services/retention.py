"""What is kept no longer is deleted, a batch of each kind at a time. `orchestrator.events.retention` has the events.

Every batch is a transaction of its own, and finds its rows by an index on their age: whoever is killed between two
batches, or in one, leaves nothing half done, and the next round goes on where it ended.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, QuerySet

from orchestrator.contract.states import TERMINAL
from orchestrator.contract.times import now
from orchestrator.events.retention import delete_old_events, delete_old_heartbeats
from orchestrator.statements.batches import repeat
from runs.models import Artifact, ArtifactCollection, FlowRun, Log, RetentionReport, TaskRun
from runs.services.artifacts import delete_artifacts
from runs.services.bulk.working import delete_old_bulk_actions
from runs.services.flow_runs import delete_flow_run

logger = logging.getLogger(__name__)

SECONDS_FOR_A_KIND = 2.0  # so that much of one kind does not hold up the others
REPORTS_KEPT = 500
# That one batch deletes.
RUNS = 20
TASK_RUNS = 200
LINES = 2_000
ARTIFACTS = 100


def delete_what_is_old() -> int:
    """Delete what is kept no longer, a few seconds for each kind. Returns how many rows; what went is reported.

    A kind that cannot be deleted holds up no other; what the first such kind raised is raised after all of them.
    """
    began = monotonic()
    counts: dict[str, int] = {}
    errors: list[DatabaseError] = []
    for kind, batch in KINDS.items():
        try:
            if count := repeat(batch, seconds=SECONDS_FOR_A_KIND):
                counts[kind] = count
        except DatabaseError as error:
            errors.append(error)
    if counts:
        _report(counts, monotonic() - began)
    if errors:
        raise errors[0]
    return sum(counts.values())


def delete_old_flow_runs() -> int:
    """Delete a batch of the runs that ended too long ago, with all that belongs to them. Returns how many rows.

    A subflow is kept as long as its parent, and is then as old as it is itself. Of a run with many task runs those go
    first, a batch at a time.
    """
    before = _kept_since(settings.RUNS_RETENTION_DAYS)
    if before is None:
        return 0
    old = FlowRun.objects.top_level().filter(end_time__lt=before, state_type__in=TERMINAL)
    deleted = 0
    for run_id in list(old.order_by("end_time").values_list("pk", flat=True)[:RUNS]):
        tasks = TaskRun.objects.filter(flow_run=run_id)
        if tasks[TASK_RUNS:].exists():
            return deleted + _delete_task_runs(tasks, leaves_nothing=True)
        with transaction.atomic():
            # Looked at again once it is locked: somebody may begin it anew in this moment, or delete it.
            if old.select_for_update(of=("self",)).filter(pk=run_id).exists():
                delete_flow_run(flow_run_id=run_id)
                deleted += 1
    return deleted


def delete_old_task_runs() -> int:
    """Delete a batch of the task runs that ended too long ago and belong to no flow run. Returns how many."""
    before = _kept_since(settings.TASK_RUNS_RETENTION_DAYS)
    if before is None:
        return 0
    return _delete_task_runs(
        TaskRun.objects.filter(flow_run=None, end_time__lt=before, state_type__in=TERMINAL).order_by("end_time")
    )


def delete_old_log_lines() -> int:
    """Delete a batch of the log lines that are too old, whatever became of their runs. Returns how many."""
    before = _kept_since(settings.LOGS_RETENTION_DAYS)
    if before is None:
        return 0
    old = Log.objects.filter(timestamp__lt=before).order_by("timestamp", "id")
    lines = Log.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:LINES]))
    return lines._raw_delete(lines.db)  # nothing hangs on a line


def delete_old_artifacts() -> int:
    """Delete a batch of the artifacts that are too old and belong to no run; the latest of each key stays.

    Returns how many. Those of a run are kept as long as the run.
    """
    before = _kept_since(settings.ARTIFACTS_RETENTION_DAYS)
    if before is None:
        return 0
    latest = Exists(ArtifactCollection.objects.filter(latest_id=OuterRef("pk")))
    old = Artifact.objects.filter(~latest, flow_run_id=None, task_run_id=None, created__lt=before).order_by("created")
    found = list(old.values_list("pk", flat=True)[:ARTIFACTS])
    return delete_artifacts(artifact_ids=found) if found else 0


# What is deleted, in this order, and how it is called in reports.
KINDS: dict[str, Callable[[], int]] = {
    "heartbeats": delete_old_heartbeats,
    "events": delete_old_events,
    "flow_runs": delete_old_flow_runs,
    "task_runs": delete_old_task_runs,
    "log_lines": delete_old_log_lines,
    "artifacts": delete_old_artifacts,
    "bulk_actions": delete_old_bulk_actions,
}


def _kept_since(days: int) -> datetime | None:
    """None: for ever."""
    return now() - timedelta(days=days) if days else None


def _delete_task_runs(tasks: QuerySet[TaskRun], *, leaves_nothing: bool = False) -> int:
    some: list[UUID] = list(tasks.values_list("pk", flat=True)[:TASK_RUNS])
    batch = TaskRun.objects.filter(pk__in=some)
    # Heeded by whoever notes what deleted task runs leave.
    batch.leaves_nothing = leaves_nothing  # type: ignore[attr-defined]
    _, deleted = batch.delete()
    return deleted.get(TaskRun._meta.label, 0)


def _report(counts: dict[str, int], seconds: float) -> None:
    report = RetentionReport.objects.create(at=now(), duration_seconds=seconds, counts=counts)
    outdated = RetentionReport.objects.order_by("-at").values_list("pk", flat=True)[REPORTS_KEPT:]
    RetentionReport.objects.filter(pk__in=list(outdated)).delete()
    logger.info("Deleted because of its age: %s.", report.words)
