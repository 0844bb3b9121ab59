"""Deployments with their last runs: those that fail first, then those that ran last. Two queries."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, F, OuterRef, QuerySet, Subquery, Value, When

from deployments.models import Deployment, DeploymentSchedule
from deployments.pages.deployment_rows import with_next_run
from deployments.pages.recent_runs import RecentRuns, recent_runs, summed_up
from deployments.pages.schedule_words import schedule_words
from runs.models import FlowRun

MOST_ROWS = 6
_READ = 200  # deployments, of which those with the tag are shown, or those that ran last
_READ_RUNS = 500  # the newest, to find out which those are


@dataclass(frozen=True, slots=True)
class DeploymentRow:
    deployment: Deployment
    recent: RecentRuns
    last_name: str  # of its last run
    schedule: str  # the first one in words, and how many more there are
    next_run: datetime | None


def deployment_rows(
    now: datetime, *, failing: Collection[UUID], beside: Collection[UUID], tag: str = ""
) -> tuple[list[DeploymentRow], dict[UUID, RecentRuns]]:
    """The rows, and the last runs of theirs and of the deployments `beside`."""
    schedules = DeploymentSchedule.objects.active().filter(deployment=OuterRef("pk")).order_by()
    last = FlowRun.objects.filter(deployment=OuterRef("pk")).newest_first().filter(sort_time__lte=now)
    # Without any that fails the rank would be one number for all, which PostgreSQL takes for that of a column.
    first = [Case(When(pk__in=list(failing), then=Value(0)), default=Value(1))] if failing else []
    order = (*first, F("last_at").desc(nulls_last=True), "name")
    ordered = Deployment.objects.annotate(last_at=Subquery(last.values("sort_time")[:1])).order_by(*order)
    # The rest is looked up for those alone that are read.
    read = ordered.filter(pk__in=_looked_at(now, failing)).values("pk")[: _READ if tag else MOST_ROWS]
    rows = with_next_run(ordered.filter(pk__in=read)).annotate(
        last_name=Subquery(last.values("name")[:1]),
        first_schedule=Subquery(schedules.order_by("pk").values("schedule")[:1]),
        schedule_count=Subquery(schedules.values("deployment").annotate(number=Count("pk")).values("number")),
    )
    found = list(rows)
    if tag:
        found = [one for one in found if tag in one.tags][:MOST_ROWS]
    recent = recent_runs("deployment", {*(one.pk for one in found), *beside}, now)
    made = [
        DeploymentRow(
            deployment=one,
            recent=recent.get(one.pk) or summed_up(()),
            last_name=one.last_name or "",
            schedule=_schedule_words(one),
            next_run=one.next_run,  # type: ignore[attr-defined]
        )
        for one in found
    ]
    return made, recent


def _looked_at(now: datetime, failing: Collection[UUID]) -> QuerySet[Any, Any]:
    """So many deployments, so that nothing needs to be looked up for all: those that fail or ran lately first."""
    lately = FlowRun.objects.newest_first().filter(sort_time__lte=now).values("deployment_id")[:_READ_RUNS]
    rank = Case(When(pk__in=list(failing), then=Value(0)), When(pk__in=lately, then=Value(1)), default=Value(2))
    return Deployment.objects.order_by(rank, "name").values("pk")[:_READ]


def _schedule_words(deployment: Any) -> str:
    if deployment.first_schedule is None:
        return ""
    others = deployment.schedule_count - 1
    return f"{schedule_words(deployment.first_schedule)}{f' and {others} more' if others else ''}"
