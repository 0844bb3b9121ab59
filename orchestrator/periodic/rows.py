"""The rows by which beat knows the services. They belong to the administrator; new ones come from the registry."""

from __future__ import annotations

from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from orchestrator.periodic.models import ServiceRecord
from orchestrator.periodic.registry import TASKS, Service, all_services

EXPIRE_SECONDS = 60  # after which a message that nobody took is void
# Before services had names of their own: the task, the pace that its row was made with, and what does its work now.
FORMER = {
    "deployments.tasks.dispatch_due_runs": (1, "dispatcher"),
    "deployments.tasks.dispatch_waiting_runs": (10, "sweeper"),
    "deployments.tasks.mark_workers_offline": (15, "foreman"),
    "runs.tasks.reclaim_lost_runs": (5, "lost_runs"),
    "runs.tasks.repossess_expired_leases": (15, "repossessor"),
    "runs.tasks.mark_late_runs": (5, "late_runs"),
    "runs.tasks.expire_pauses": (5, "pause_expirations"),
    "runs.tasks.finish_cancellations": (10, "cancellation_cleanup"),
    "runs.tasks.clear_leftovers": (5, "leftovers"),
    "runs.tasks.delete_old_runs": (60, "retention"),
    "orchestrator.events.tasks.delete_old_events": (60, "retention"),
}


def write_rows() -> None:
    """Make the rows of services that have none, remove those of services that are gone, and leave the others alone.

    Only a row whose pace nobody changed follows a new default.
    """
    with transaction.atomic():
        services = {service.name: service for service in all_services()}
        rows = {row.task: row for row in PeriodicTask.objects.filter(task__startswith=TASKS).select_related("interval")}
        records = {record.name: record for record in ServiceRecord.objects.all()}
        changed = _remove_gone(rows, services)
        changed |= _add_new(rows, services)
        changed |= _follow_defaults(rows, records, services)
        changed |= _replace_former()
        _keep_records(records, services)
    if changed:
        PeriodicTasks.update_changed()


class RowNotFound(Exception):
    """The service has no row for beat: none was written yet, or somebody deleted it."""


def switch_service(*, name: str, on: bool) -> None:
    """Let beat start the service from now on, or no more. Raises RowNotFound."""
    with transaction.atomic():
        row = PeriodicTask.objects.select_for_update(of=("self",)).filter(task=f"{TASKS}{name}").first()
        if row is None:
            raise RowNotFound(name)
        if row.enabled != on:
            row.enabled = on
            row.save(update_fields=["enabled"])  # which tells beat that its rows have changed


def _remove_gone(rows: dict[str, PeriodicTask], services: dict[str, Service]) -> bool:
    gone = [row.pk for task, row in rows.items() if task.removeprefix(TASKS) not in services]
    return bool(gone and PeriodicTask.objects.filter(pk__in=gone).delete()[0])


def _add_new(rows: dict[str, PeriodicTask], services: dict[str, Service]) -> bool:
    new = [service for service in services.values() if service.task_name not in rows]
    if not new:
        return False
    taken = set(PeriodicTask.objects.values_list("name", flat=True))  # an administrator may have rows of their own
    intervals = {seconds: _interval(seconds) for seconds in {service.every_seconds for service in new}}
    made = [
        PeriodicTask(
            name=service.task_name if service.name in taken else service.name,
            task=service.task_name,
            interval=intervals[service.every_seconds],
            description=service.description,
            expire_seconds=EXPIRE_SECONDS,
        )
        for service in new
    ]
    PeriodicTask.objects.bulk_create(made, ignore_conflicts=True)  # another server may start in the same moment
    return True


def _follow_defaults(
    rows: dict[str, PeriodicTask], records: dict[str, ServiceRecord], services: dict[str, Service]
) -> bool:
    changed = False
    for service in services.values():
        row, record = rows.get(service.task_name), records.get(service.name)
        if row is None:
            continue
        if row.description != service.description:
            PeriodicTask.objects.filter(pk=row.pk).update(description=service.description)
        if record is None or row.interval is None or record.default_seconds == service.every_seconds:
            continue
        if _seconds(row.interval) == record.default_seconds:
            PeriodicTask.objects.filter(pk=row.pk).update(interval=_interval(service.every_seconds))
            changed = True
    return changed


def _replace_former() -> bool:
    """What an administrator did to a row of before is done to the row that takes its place."""
    former = list(PeriodicTask.objects.filter(task__in=FORMER).select_related("interval"))
    for row in former:
        seconds, name = FORMER[row.task]
        successor = PeriodicTask.objects.filter(task=f"{TASKS}{name}")
        if not row.enabled:
            successor.update(enabled=False)
        if row.interval is None or _seconds(row.interval) != seconds:
            successor.update(interval=row.interval, crontab=row.crontab, solar=row.solar, clocked=row.clocked)
    return bool(former and PeriodicTask.objects.filter(pk__in=[row.pk for row in former]).delete()[0])


def _keep_records(records: dict[str, ServiceRecord], services: dict[str, Service]) -> None:
    new = [
        ServiceRecord(name=service.name, default_seconds=service.every_seconds)
        for service in services.values()
        if service.name not in records
    ]
    ServiceRecord.objects.bulk_create(new, ignore_conflicts=True)
    for service in services.values():
        record = records.get(service.name)
        if record is not None and record.default_seconds != service.every_seconds:
            ServiceRecord.objects.filter(pk=service.name).update(default_seconds=service.every_seconds)
    ServiceRecord.objects.filter(name__in=set(records) - set(services)).delete()


def _interval(seconds: float) -> IntervalSchedule:
    whole = seconds == int(seconds)
    values = {"every": int(seconds), "period": "seconds"} if whole else _microseconds(seconds)
    return IntervalSchedule.objects.filter(**values).first() or IntervalSchedule.objects.create(**values)


def _microseconds(seconds: float) -> dict[str, object]:
    return {"every": round(seconds * 1_000_000), "period": "microseconds"}


def _seconds(interval: IntervalSchedule) -> float:
    return interval.schedule.run_every.total_seconds()
