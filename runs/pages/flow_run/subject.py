"""The run that a page is about, and what several parts of the page want of it: each is read once, when first asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property, partial
from uuid import UUID

from django.db.models import F, QuerySet, prefetch_related_objects
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.utils import timezone

from orchestrator.contract.states import StateType
from orchestrator.statements.reading import PreparedQuery
from runs.models import Artifact, Claim, FlowRun, FlowRunState, TaskRun
from runs.services.subflows import subflows_of

MOST_TASKS = 5_000  # drawn; the newest are left out
MOST_STATES = 100  # the oldest are left out
MOST_SUBFLOWS = 500
MOST_ARTIFACTS = 20
LOOKED_AT = 20  # finished tasks, to find out whether results are kept
RECENT_RUNS = 20  # that a run is compared with

_OF_SUBFLOWS = ("id", "name", "state_type", "state_name", "start_time", "end_time", "parent_task_run_id")
OF_TASKS = (
    "id", "name", "task_key", "task_inputs", "state_type", "state_name", "state_timestamp", "run_count",
    "total_run_time", "expected_start_time", "start_time", "end_time", "flow_run_id", "error_type", "error_message",
)  # fmt: skip
_OF_RECENT = ("id", "name", "state_type", "state_name", "start_time", "end_time", "state_timestamp", "total_run_time")


# What every page of a run reads is composed once.
_whole_run = PreparedQuery(
    lambda run_id: FlowRun.objects.select_related(
        "flow", "deployment__flow", "work_queue__work_pool", "parent_task_run__flow_run", "heartbeat", "rescue"
    ).filter(id=run_id),
    "run_id",
)


def _newest_states_of(run_id: UUID) -> QuerySet[FlowRunState]:
    columns = ("id", "type", "name", "timestamp", "message", "flow_run_id")
    found = FlowRunState.objects.filter(flow_run=run_id).order_by("-timestamp")
    return found.only(*columns)[: MOST_STATES + 1]


def _first_tasks_of(run_id: UUID) -> QuerySet[TaskRun]:
    told = {"message": KT("state__message"), "kept": KT("state__data__storage_key")}
    tasks = TaskRun.objects.filter(flow_run=run_id).annotate(**told).only(*OF_TASKS)
    return tasks.order_by("expected_start_time", "id")[: MOST_TASKS + 1]


def _subflows_of(run_id: UUID) -> QuerySet[FlowRun]:
    found = subflows_of([run_id]).only(*_OF_SUBFLOWS)
    return found.order_by("expected_start_time", "id")[:MOST_SUBFLOWS]


def _newest_artifacts_of(run_id: UUID) -> QuerySet[Artifact]:
    found = Artifact.objects.filter(flow_run_id=run_id, type__isnull=False).exclude(type="result")
    return found.only("id", "key", "type", "created", "task_run_id").order_by("-id")[:MOST_ARTIFACTS]


def _newest_of(of_id: UUID, at: datetime, *, column: str) -> QuerySet[FlowRun]:
    """Of the same deployment or flow, whose identifier stands in the column."""
    runs = FlowRun.objects.filter(**{column: of_id}).annotate(began=Coalesce("start_time", "expected_start_time"))
    return runs.filter(began__lte=at).order_by(F("began").desc(), "-id").only(*_OF_RECENT)[:RECENT_RUNS]


_newest_states = PreparedQuery(_newest_states_of, "run_id")
_first_tasks = PreparedQuery(_first_tasks_of, "run_id")
_subflows = PreparedQuery(_subflows_of, "run_id")
_newest_artifacts = PreparedQuery(_newest_artifacts_of, "run_id")
_newest_by = {
    column: PreparedQuery(partial(_newest_of, column=column), "of_id", moments=["at"])
    for column in ("deployment", "flow")
}


class Subject:
    def __init__(self, run: FlowRun, now: datetime, view: str = "") -> None:
        self.run = run
        self.now = now
        self.view = view  # of the tasks, which the path of the address names

    @cached_property
    def states(self) -> list[FlowRunState]:
        """Oldest first, at most MOST_STATES and one more."""
        return _newest_states.all(run_id=self.run.id)[::-1]

    @cached_property
    def claims(self) -> list[Claim]:
        """The attempts of workers, oldest first. Whoever explained why the run waits has read them already."""
        prefetch_related_objects([self.run], "claims")
        return sorted(self.run.claims.all(), key=lambda claim: claim.attempt)

    @property
    def likely_claims(self) -> list[Claim]:
        """The same, but asked for only of runs that a worker may have had: one that has them goes on or ended so."""
        run = self.run
        if not self.has_begun and run.state_type != StateType.PENDING:
            return []
        by_itself = run.state_type in (None, StateType.RUNNING, StateType.COMPLETED, StateType.FAILED)
        return [] if by_itself and not run.infrastructure_pid else self.claims

    @cached_property
    def first_tasks(self) -> list[TaskRun]:
        """The first by their time, MOST_TASKS and one more."""
        if not self.has_begun:
            return []
        return _first_tasks.all(run_id=self.run.id)

    @property
    def tasks(self) -> list[TaskRun]:
        return self.first_tasks[:MOST_TASKS]

    @property
    def known_tasks(self) -> list[TaskRun] | None:
        """All its tasks, if they are read already."""
        return self.first_tasks if "first_tasks" in self.__dict__ and not self.leaves_tasks_out else None

    @property
    def leaves_tasks_out(self) -> bool:
        return len(self.first_tasks) > MOST_TASKS

    @property
    def keeps_results(self) -> bool:
        """Whether the first tasks that completed stored their results: then they are used again."""
        if "first_tasks" in self.__dict__:
            completed = [task for task in self.first_tasks if task.state_type == StateType.COMPLETED]
            kept = [getattr(task, "kept", None) for task in completed[:LOOKED_AT]]
        else:
            rows = self.run.task_runs.filter(state_type=StateType.COMPLETED).order_by("expected_start_time", "id")
            kept = list(rows.values_list(KT("state__data__storage_key"), flat=True)[:LOOKED_AT])
        return bool(kept) and all(kept)

    def task(self, task_id: UUID) -> TaskRun | None:
        """One task run, which may also belong to a subflow: read alone unless all are read already."""
        if "first_tasks" in self.__dict__:
            found = next((task for task in self.first_tasks if task.id == task_id), None)
            if found is not None:
                return found
        return TaskRun.objects.only(*OF_TASKS).filter(id=task_id).first()

    @cached_property
    def children(self) -> dict[UUID, FlowRun]:
        """The subflows by the task run that stands for each: the newest where one was tried again."""
        oldest_first = _subflows.all(run_id=self.run.id)
        return {child.parent_task_run_id: child for child in oldest_first if child.parent_task_run_id}

    @cached_property
    def artifacts(self) -> list[Artifact]:
        """What the run and its tasks made for people, the newest first."""
        return _newest_artifacts.all(run_id=self.run.id)

    @cached_property
    def recent(self) -> Sequence[FlowRun]:
        """The last runs that have begun, of the same deployment, or of the flow where there is none; oldest first."""
        run = self.run
        column = "deployment" if run.deployment_id else "flow"
        newest = _newest_by[column].all(of_id=run.deployment_id or run.flow_id, at=self.now)
        return [one for one in newest if one.start_time is not None][::-1]

    @property
    def last_success(self) -> FlowRun | None:
        """The newest of the recent runs that completed, other than this one."""
        completed = (one for one in reversed(self.recent) if one.state_type == StateType.COMPLETED)
        return next((one for one in completed if one.id != self.run.id), None)

    @property
    def has_begun(self) -> bool:
        return self.run.start_time is not None or self.run.run_count > 0


def find_subject(run_id: UUID, *, view: str = "") -> Subject | None:
    run = _whole_run.first(run_id=run_id)
    return None if run is None else Subject(run, timezone.now(), view)
