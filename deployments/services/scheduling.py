"""Planning the runs of schedules ahead.

Every schedule says when it must be looked at again. A look works out times and reads no runs: those up to
`planned_until` are planned.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from time import monotonic
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from deployments.errors import CannotBePlanned
from deployments.models import Deployment, DeploymentSchedule
from deployments.models.schedules import LONGEST_SLEEP
from deployments.services.planned_runs import (
    MAX_RUNS,
    MAX_TIME,
    MIN_RUNS,
    MIN_TIME,
    insert_planned_runs,
    runs_at,
)
from deployments.services.schedule_times import last_times, time_after, times_of
from orchestrator.contract.times import now
from orchestrator.statements.reading import PreparedExists, PreparedQuery
from orchestrator.statements.writing import insert_rows
from runs.models import FlowRun
from runs.services.missed import PLANNED_LATE, grace

logger = logging.getLogger(__name__)

BATCH = 300  # schedules that one call looks at
MOST_ROWS = 1_000  # runs after which one call looks at no further schedule
MOST_SECONDS = 2.0  # after which it does neither
HALF = MAX_RUNS // 2
LEAD = timedelta(seconds=10)  # by which a schedule is looked at before it has to be; longer than the scheduler's pace
SHORTEST_SLEEP = timedelta(seconds=1)
MOST_MISSED = 1_000  # runs of one schedule that are planned after an outage, the last ones
FIRST_RETRY, LAST_RETRY = timedelta(minutes=1), timedelta(hours=6)  # of a schedule that cannot be worked out
_MOMENT = timedelta(microseconds=1)
_OF_DEPLOYMENTS = (  # what decides about their runs, or goes into them
    "name", "paused", "catch_up_policy", "catch_up_max_age_seconds", "flow", "version", "tags", "labels", "parameters",
    "infrastructure_document_id", "work_queue__name",
)  # fmt: skip
_WRITTEN = ("plan_at", "planned_until", "next_time", "problem", "failures")


@dataclass(frozen=True, slots=True)
class CatchUp:
    """A deployment's policy for times that passed without a run being planned."""

    policy: str = Deployment.CatchUp.PLANNED
    max_age: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a look at a schedule found."""

    times: list[datetime]  # for which runs are to be made
    planned_until: datetime
    next_time: datetime | None  # the first for which there will be no run; None: there is none, or it is far away
    plan_at: datetime | None  # when to look again; None: never


@dataclass(frozen=True, slots=True)
class Look:
    """At a schedule: its columns afterwards, and the runs that are to be stored."""

    schedule: DeploymentSchedule
    read_plan_at: datetime | None
    runs: list[FlowRun]


_is_any_due = PreparedExists(DeploymentSchedule.objects.due, moments=["at"])
_due = PreparedQuery(lambda at: _with_deployments(DeploymentSchedule.objects.due(at)), moments=["at"])
_put_off_beyond = PreparedQuery(
    lambda at: _with_deployments(DeploymentSchedule.objects.put_off_beyond(at)), moments=["at"]
)


def has_due_schedules() -> bool:
    """Cheap. Schedules that a wrong clock put off are none of these: they are found by a turn without due ones."""
    return _is_any_due(at=now())


def plan_due_schedules() -> int:
    """Look at the schedules that are due, at most BATCH of them, and make their runs. Returns at how many.

    While none is due, those are looked at that a clock which was wrong put off for too long.

    They are worked out first, which may take long, and written together in one transaction, unless somebody else
    planned or changed them meanwhile.
    """
    at = now()
    begun = monotonic()
    looks: list[Look] = []
    rows = 0
    for schedule in _due.all(at=at) or _put_off_beyond.all(at=at + 2 * LONGEST_SLEEP):
        looks.append(_look(schedule, at))
        rows += len(looks[-1].runs)
        if rows >= MOST_ROWS or monotonic() - begun >= MOST_SECONDS:
            break
    if looks:
        _write(looks)
    return len(looks)


def plan(
    schedule: Mapping[str, Any],
    *,
    since: datetime,
    at: datetime,
    catch_up: CatchUp,
    first: bool = False,
) -> Plan:
    """For which times runs are to be made, when those up to `since` are made already. Raises CannotBePlanned.

    Ahead of `at` there are then as many runs as the contract wants, and as many until the next look; the `first` look
    counts from `at` itself. Of the times from `since` to `at`, `catch_up` says which are made up for.
    """
    until = at if first else at + LEAD
    begin = min(at, max(since, at - grace()))
    lately, upcoming = _from(schedule, begin, at)
    ahead: list[datetime] = []
    needed: list[datetime] = []  # those ahead of `until`
    next_time: datetime | None = None
    enough = False
    for moment in upcoming:
        if enough or len(ahead) == MAX_RUNS:
            next_time = moment
            break
        ahead.append(moment)
        if _utc(moment) > until:
            needed.append(moment)
            enough = len(needed) >= MIN_RUNS and _utc(moment) >= until + MIN_TIME
    plan_at: datetime | None
    if next_time is None:  # what there is ends, or goes on further ahead than is planned
        next_time = time_after(schedule, _utc(ahead[-1]) if ahead else at)
        plan_at = _utc(next_time) - MAX_TIME if next_time else None
    elif enough:
        plan_at = min(_utc(needed[-MIN_RUNS]), _utc(needed[-1]) - MIN_TIME) - LEAD
    else:
        plan_at = _utc(ahead[HALF])
    missed = _made_up_for(schedule, since, begin, catch_up, lately)
    return Plan(
        times=[*missed, *lately, *(moment for moment in ahead if _utc(moment) > since)],
        planned_until=max(since, at, *map(_utc, ahead)),
        next_time=None if next_time is None else _utc(next_time),
        plan_at=None if plan_at is None else min(max(plan_at, at + SHORTEST_SLEEP), at + LONGEST_SLEEP),
    )


def _from(schedule: Mapping[str, Any], begin: datetime, at: datetime) -> tuple[list[datetime], Iterator[datetime]]:
    """The times from `begin` to `at`, the last ones if they are many, and those that follow."""
    found = times_of(schedule, start=begin + _MOMENT, end=at + MAX_TIME, most=2 * MAX_RUNS + 1)
    lately: list[datetime] = []
    for moment in found:
        if _utc(moment) > at:
            return lately, chain([moment], found)
        lately.append(moment)
        if len(lately) > MAX_RUNS:
            lately = last_times(schedule, after=begin, until=at, most=MAX_RUNS)
            return lately, times_of(schedule, start=at + _MOMENT, end=at + MAX_TIME, most=MAX_RUNS + 1)
    return lately, iter(())


def _made_up_for(
    schedule: Mapping[str, Any], since: datetime, begin: datetime, catch_up: CatchUp, lately: list[datetime]
) -> list[datetime]:
    """The times from `since` to `begin` that the policy wants. `lately` are those that passed after `begin`."""
    policies = Deployment.CatchUp
    if since >= begin:
        return []
    match catch_up.policy:
        case policies.ALL:
            return last_times(schedule, after=since, until=begin, most=MOST_MISSED)
        case policies.MAX_AGE:
            oldest = begin + grace() - max(grace(), catch_up.max_age)
            return last_times(schedule, after=max(since, oldest), until=begin, most=MOST_MISSED)
        case policies.LATEST if not lately:
            return last_times(schedule, after=since, until=begin, most=1)
    return []


def _with_deployments(schedules: QuerySet[DeploymentSchedule]) -> QuerySet[DeploymentSchedule]:
    """The most urgent ones, each with what its runs take from its deployment: half of the time to read one goes into
    the columns of others.
    """
    own = [field.name for field in DeploymentSchedule._meta.concrete_fields]
    of_deployments = [f"deployment__{name}" for name in _OF_DEPLOYMENTS]
    found = schedules.select_related("deployment__work_queue").only(*own, *of_deployments)
    return found.order_by("plan_at")[:BATCH]


def _look(schedule: DeploymentSchedule, at: datetime) -> Look:
    read = schedule.plan_at
    runs: list[FlowRun] = []
    try:
        if schedule.deployment.paused or not schedule.active:
            schedule.plan_at = schedule.planned_until = schedule.next_time = None
        else:
            runs = _plan(schedule, at)
        schedule.problem, schedule.failures = "", 0
    except CannotBePlanned as problem:
        _put_off(schedule, at, str(problem))
    return Look(schedule, read, runs)


def _plan(schedule: DeploymentSchedule, at: datetime) -> list[FlowRun]:
    deployment = schedule.deployment
    begun = schedule.plan_at or at
    # What has no run yet is planned from when it was made. A time that a wrong clock wrote says nothing.
    known = schedule.planned_until if begun <= at else None
    found = plan(
        schedule.schedule,
        since=known or min(begun, at),
        at=at,
        catch_up=CatchUp(
            policy=deployment.catch_up_policy, max_age=timedelta(seconds=deployment.catch_up_max_age_seconds or 0.0)
        ),
        first=known is None or schedule.next_time is None,
    )
    schedule.plan_at, schedule.planned_until, schedule.next_time = found.plan_at, found.planned_until, found.next_time
    missed = [moment for moment in found.times if _utc(moment) < at - grace()]
    made_up_for = list(runs_at(deployment, schedule, missed, at=at))
    for run in made_up_for:
        run.labels = {**run.labels, PLANNED_LATE: deployment.catch_up_policy}
    return made_up_for + list(runs_at(deployment, schedule, found.times[len(missed) :], at=at))


def _put_off(schedule: DeploymentSchedule, at: datetime, problem: str) -> None:
    if problem != schedule.problem:
        logger.warning("Schedule %s of deployment %s: %s", schedule, schedule.deployment.name, problem)
    schedule.plan_at = at + min(FIRST_RETRY * 2 ** min(schedule.failures, 20), LAST_RETRY)
    schedule.problem = problem
    schedule.failures += 1


def _write(looks: list[Look]) -> None:
    with transaction.atomic():
        unchanged = _locked({look.schedule.pk: look.read_plan_at for look in looks})
        mine = [look for look in looks if look.schedule.pk in unchanged]
        insert_planned_runs([run for look in mine for run in look.runs])
        insert_rows([look.schedule for look in mine], replace=_WRITTEN)


def _locked(read: Mapping[UUID, datetime | None]) -> set[UUID]:
    """Those that are as they were read. What another scheduler writes just now is left to it."""
    rows = DeploymentSchedule.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk__in=list(read))
    return {pk for pk, plan_at in rows.order_by("pk").values_list("pk", "plan_at") if plan_at == read[pk]}


def _utc(moment: datetime) -> datetime:
    """Times of one zone compare by the clock on the wall, which shows an hour twice."""
    return moment.astimezone(UTC)
