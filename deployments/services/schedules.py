"""The schedules of a deployment: set all at once, changed by their slugs, or one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from deployments.errors import AlreadyExists, DeploymentNotFound, InvalidSchedules, ScheduleNotFound
from deployments.models import Deployment, DeploymentSchedule
from deployments.services.pausing import Author, note_pause
from deployments.services.planned_runs import forget_planned_runs
from deployments.services.planning_anew import call_scheduler
from deployments.services.resources import emit_of_deployment
from deployments.services.versions import versioned

MOST_SCHEDULES = 500  # of one deployment: each version of it holds them all, and each change writes them
Columns = Mapping[str, Any]  # of a schedule, and `replaces`: the slug of the one that it takes the place of


def add_schedules(
    *, deployment_id: UUID, schedules: Sequence[Columns], author: Mapping[str, Any] | None = None
) -> list[DeploymentSchedule]:
    """Raises DeploymentNotFound, and AlreadyExists when two would have the same slug."""
    with transaction.atomic():
        deployment = _locked(deployment_id)
        with versioned(deployment, author=author):
            made = _insert(deployment, schedules, author)
        _tell_schedules(deployment)
    return made


def update_schedule(
    *, deployment_id: UUID, schedule_id: UUID, changes: Columns, author: Mapping[str, Any] | None = None
) -> DeploymentSchedule:
    """The deployment's future runs are planned anew. Raises DeploymentNotFound, ScheduleNotFound, AlreadyExists."""
    with transaction.atomic():
        deployment = _locked(deployment_id)
        schedule = DeploymentSchedule.objects.filter(deployment=deployment, pk=schedule_id).first()
        if schedule is None:
            raise ScheduleNotFound
        with versioned(deployment, author=author):
            _change(schedule, changes, author)
        forget_planned_runs(deployment_id=deployment.pk, future_only=True)
        _tell_schedules(deployment)
    return schedule


def delete_schedule(*, deployment_id: UUID, schedule_id: UUID, author: Mapping[str, Any] | None = None) -> None:
    """With all runs that were planned by schedules. Raises DeploymentNotFound and ScheduleNotFound."""
    with transaction.atomic():
        deployment = _locked(deployment_id)
        with versioned(deployment, author=author):
            deleted, _ = DeploymentSchedule.objects.filter(deployment=deployment, pk=schedule_id).delete()
            if not deleted:
                raise ScheduleNotFound
        forget_planned_runs(deployment_id=deployment.pk)
        _tell_schedules(deployment)


def replace_schedules(deployment: Deployment, schedules: Sequence[Columns], *, author: Author = None) -> None:
    """These, and no others. Those without a `schedule` are left out. Raises AlreadyExists.

    One that was off and stays off, by its slug, keeps who switched it off.
    """
    known = DeploymentSchedule.objects.filter(deployment=deployment)
    off = {one.slug: one for one in known.filter(active=False, slug__isnull=False)} if schedules else {}
    known.delete()
    _insert(deployment, [columns for columns in schedules if "schedule" in columns], author, off)


def update_schedules(deployment: Deployment, schedules: Sequence[Columns] | None, *, author: Author = None) -> None:
    """Change those that are named by slug and leave the others, when every one has a slug; else replace all.

    None: none were sent. Raises InvalidSchedules for what cannot be told apart, and AlreadyExists.
    """
    known = list(DeploymentSchedule.objects.filter(deployment=deployment))
    by_slug = {schedule.slug: schedule for schedule in known}
    if not known or None in by_slug:
        if schedules is not None:
            replace_schedules(deployment, schedules, author=author)
        return
    given = schedules or ()
    if any("slug" not in columns for columns in given):
        raise InvalidSchedules("Every schedule needs a slug, as those that the deployment has have one.")
    _refuse_collisions(given, by_slug)
    changed = [(by_slug[_target(columns)], columns) for columns in given if _target(columns) in by_slug]
    added = [columns for columns in given if _target(columns) not in by_slug]
    if any("schedule" not in columns for columns in added):
        raise InvalidSchedules("Unable to create new deployment schedules without a schedule configuration.")
    _free_slugs([schedule for schedule, columns in changed if "replaces" in columns])
    for schedule, columns in changed:
        _change(schedule, columns, author)
    _insert(deployment, added, author)


def _target(columns: Columns) -> str:
    return columns.get("replaces") or columns["slug"]


def _refuse_collisions(given: Sequence[Columns], by_slug: Mapping[str | None, DeploymentSchedule]) -> None:
    replaced: set[str] = set()
    for columns in given:
        old = columns.get("replaces")
        if old and old in replaced:
            raise InvalidSchedules(f"Multiple schedules have 'replaces' targeting the same slug: {old}")
        if old:
            replaced.add(old)
    for columns in given:
        slug, old = columns["slug"], columns.get("replaces")
        if old and slug in by_slug and slug not in replaced:
            raise InvalidSchedules(
                f"Cannot rename schedule from '{old}' to '{slug}': a schedule with slug '{slug}' already exists."
            )


def _free_slugs(schedules: Sequence[DeploymentSchedule]) -> None:
    """So that two can change their names with each other."""
    DeploymentSchedule.objects.filter(pk__in=[schedule.pk for schedule in schedules]).update(slug=None)


def _insert(
    deployment: Deployment,
    schedules: Sequence[Columns],
    author: Author,
    off: Mapping[str | None, DeploymentSchedule] = MappingProxyType({}),
) -> list[DeploymentSchedule]:
    """`off`: the schedules that were off before, by slug."""
    if schedules and len(schedules) + DeploymentSchedule.objects.filter(deployment=deployment).count() > MOST_SCHEDULES:
        raise InvalidSchedules(f"A deployment has at most {MOST_SCHEDULES} schedules.")
    made = [DeploymentSchedule(deployment=deployment, **_columns(columns)) for columns in schedules]
    for schedule in made:
        note_pause(schedule, before=False, author=author)
        before = off.get(schedule.slug)
        if schedule.is_paused and before is not None:
            schedule.paused_at, schedule.paused_by = before.paused_at, before.paused_by
    try:
        with transaction.atomic():
            DeploymentSchedule.objects.bulk_create(made)
    except IntegrityError:
        raise AlreadyExists("Schedule slugs must be unique within a deployment.") from None
    if made:
        call_scheduler()
    return made


def _change(schedule: DeploymentSchedule, changes: Columns, author: Author) -> None:
    """What is planned for it is planned anew by whoever forgets the deployment's planned runs."""
    columns = _columns(changes)
    if any(
        columns.get(column, now) != now
        for column, now in (("schedule", schedule.schedule), ("active", schedule.active))
    ):
        schedule.planned_until = None  # times before this moment were not missed
    schedule.problem, schedule.failures = "", 0
    was_paused = schedule.is_paused
    for column, value in columns.items():
        setattr(schedule, column, value)
    note_pause(schedule, before=was_paused, author=author)
    try:
        with transaction.atomic():
            schedule.save()
    except IntegrityError:
        raise AlreadyExists("Schedule slugs must be unique within a deployment.") from None


def _columns(columns: Columns) -> dict[str, Any]:
    return {key: value for key, value in columns.items() if key != "replaces"}


def _tell_schedules(deployment: Deployment) -> None:
    """That they changed, not how: the history of the deployment has that."""
    emit_of_deployment(deployment, "updated", {"updated_fields": ["schedules"], "updates": {}})


def _locked(deployment_id: UUID) -> Deployment:
    rows = Deployment.objects.select_related("flow", "work_queue__work_pool").select_for_update(of=("self",))
    deployment = rows.filter(pk=deployment_id).first()
    if deployment is None:
        raise DeploymentNotFound
    return deployment
