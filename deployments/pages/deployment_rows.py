"""Rows of deployments as lists show them: here, on the page of a flow, and wherever else deployments are listed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from deployments.models import Deployment, DeploymentSchedule
from deployments.pages.health import Health, health_of
from deployments.pages.recent_runs import RecentRuns, recent_runs, summed_up
from deployments.pages.schedule_words import schedule_words
from runs.models import FlowRun

MOST_SCHEDULES = 3  # of one deployment, said in its row
_READ_SCHEDULES = 500  # for one page


@dataclass(frozen=True, slots=True)
class ScheduleInWords:
    words: str
    schedule: DeploymentSchedule


@dataclass(frozen=True, slots=True)
class DeploymentRow:
    deployment: Deployment
    recent: RecentRuns
    health: Health
    schedules: tuple[ScheduleInWords, ...]
    schedules_left_out: int
    next_run: datetime | None


def with_next_run(rows: QuerySet[Deployment]) -> QuerySet[Deployment]:
    """With what a row needs of flow, queue and pool, and with `next_run`: when the first run is planned for."""
    planned = FlowRun.objects.scheduled().filter(deployment=OuterRef("pk"), next_scheduled_start_time__isnull=False)
    first = planned.order_by("next_scheduled_start_time").values("next_scheduled_start_time")[:1]
    related = rows.select_related("flow", "work_queue__work_pool").annotate(next_run=Subquery(first))
    return related.defer(
        "parameter_openapi_schema",
        "job_variables",
        "pull_steps",
        "description",
        "work_queue__work_pool__base_job_template",
    )


def deployment_rows(deployments: Sequence[Deployment], at: datetime) -> list[DeploymentRow]:
    """Of deployments from `with_next_run`. Three queries, however many they are."""
    recent = recent_runs("deployment", [one.pk for one in deployments], at)
    health = health_of(deployments, at)
    schedules = _schedules(one.pk for one in deployments)
    return [
        DeploymentRow(
            deployment=one,
            recent=recent.get(one.pk) or summed_up(()),
            health=health[one.pk],
            schedules=tuple(schedules[one.pk][:MOST_SCHEDULES]),
            schedules_left_out=max(0, len(schedules[one.pk]) - MOST_SCHEDULES),
            next_run=one.next_run,  # type: ignore[attr-defined]
        )
        for one in deployments
    ]


def _schedules(deployment_ids: Iterable[UUID]) -> dict[UUID, list[ScheduleInWords]]:
    found: dict[UUID, list[ScheduleInWords]] = defaultdict(list)
    rows = DeploymentSchedule.objects.filter(deployment__in=list(deployment_ids)).order_by("-active", "pk")
    for schedule in rows.defer("parameters")[:_READ_SCHEDULES]:
        found[schedule.deployment_id].append(ScheduleInWords(schedule_words(schedule.schedule), schedule))
    return found
