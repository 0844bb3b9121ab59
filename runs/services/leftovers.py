"""What hangs on a deleted run without being a part of it: its log lines and its artifacts.

Deleting the run only notes it down, so that a run with a million lines does not keep anybody waiting.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from orchestrator.contract.times import now
from orchestrator.statements.reading import PreparedExists
from runs.models import Artifact, FlowRun, Leftover, Log, TaskRun
from runs.services.artifacts import delete_artifacts

# That one transaction looks after, or deletes.
RUNS = 50
LINES = 2_000
ARTIFACTS = 200
# A process that did not know that its run was deleted may have gone on writing for a while.
SECOND_LOOK_AFTER = timedelta(minutes=10)


def leave_behind(run: FlowRun | TaskRun) -> None:
    """Note in the transaction that deletes `run` that something may be left of it."""
    kind = Leftover.Kind.FLOW_RUN if isinstance(run, FlowRun) else Leftover.Kind.TASK_RUN
    at = now()
    Leftover.objects.create(kind=kind, run_id=run.pk, deleted_at=at, due_at=at)


_is_any_due = PreparedExists(Leftover.objects.due, moments=["at"])


def has_leftovers() -> bool:
    """Whether `clear_leftovers` has something to delete."""
    return _is_any_due(at=now())


def clear_leftovers() -> int:
    """Delete a batch of what deleted runs left. Returns how many rows were touched; 0 when nothing is due."""
    if not has_leftovers():
        return 0
    with transaction.atomic():
        # Runs that another process looks after in this moment are not waited for.
        due = list(Leftover.objects.due(now()).select_for_update(skip_locked=True)[:RUNS])
        lines = artifacts = 0
        for column, run_ids in _by_column(due):
            lines += _delete_lines(column, run_ids)
            artifacts += _delete_artifacts(column, run_ids)
        if lines < LINES and artifacts < ARTIFACTS:
            _close(due)
    return len(due) + lines + artifacts


def _by_column(due: list[Leftover]) -> list[tuple[str, list[UUID]]]:
    """The column by which lines and artifacts name their run, and the runs."""
    columns = (("flow_run_id", Leftover.Kind.FLOW_RUN), ("task_run_id", Leftover.Kind.TASK_RUN))
    grouped = ((column, [leftover.run_id for leftover in due if leftover.kind == kind]) for column, kind in columns)
    return [(column, run_ids) for column, run_ids in grouped if run_ids]


def _delete_lines(column: str, run_ids: list[UUID]) -> int:
    some = Log.objects.filter(**{f"{column}__in": run_ids}).order_by().values("pk")[:LINES]
    return Log.objects.filter(pk__in=some).delete()[0]


def _delete_artifacts(column: str, run_ids: list[UUID]) -> int:
    some = Artifact.objects.filter(**{f"{column}__in": run_ids}).order_by().values_list("pk", flat=True)[:ARTIFACTS]
    found = list(some)
    return delete_artifacts(artifact_ids=found) if found else 0


def _close(looked_after: list[Leftover]) -> None:
    """The first time they are looked at again later; the second time they are done with."""
    second = [leftover.pk for leftover in looked_after if leftover.due_at > leftover.deleted_at]
    first = [leftover for leftover in looked_after if leftover.due_at <= leftover.deleted_at]
    Leftover.objects.filter(pk__in=second).delete()
    for leftover in first:
        leftover.due_at = leftover.deleted_at + SECOND_LOOK_AFTER
    Leftover.objects.bulk_update(first, ["due_at"])
