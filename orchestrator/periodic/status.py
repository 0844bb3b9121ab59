"""How every service does, for the page, the API and the admin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django_celery_beat.models import PeriodicTask

from orchestrator.contract.times import now
from orchestrator.periodic.models import ServiceRecord
from orchestrator.periodic.registry import TASKS, Service, all_services

PATIENCE = timedelta(seconds=15)  # for a server that starts, or is busy
BRIEF_PATIENCE = timedelta(seconds=3)  # for another server that does what this one leaves out


class Condition(StrEnum):
    OK = "ok"
    NEW = "new"  # it has not run yet
    FAILING = "failing"  # its last run ended with an error
    OVERDUE = "overdue"  # nobody has run it for several of its turns
    OFF = "off"  # somebody switched it off, or this server was started without it


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service as it is set, and its last run. Durations and lags in seconds; None where it never ran."""

    name: str
    description: str
    schedule: str  # in words, such as `every 5 seconds`
    every_seconds: float | None  # None for a schedule that is no interval, such as a crontab
    is_enabled: bool  # in its row, and by the server that is asked
    condition: Condition
    is_running: bool
    record: ServiceRecord
    row_id: int | None  # of its row for beat


def service_statuses(at: datetime | None = None) -> list[ServiceStatus]:
    """Every service, by name. Asks the database twice."""
    at = at or now()
    records = {record.name: record for record in ServiceRecord.objects.all()}
    rows = {
        row.task: row
        for row in PeriodicTask.objects.filter(task__startswith=TASKS).select_related(
            "interval", "crontab", "solar", "clocked"
        )
    }
    return [
        _status(service, rows.get(service.task_name), records.get(service.name) or ServiceRecord(name=service.name), at)
        for service in all_services()
    ]


def _status(service: Service, row: PeriodicTask | None, record: ServiceRecord, at: datetime) -> ServiceStatus:
    enabled = bool(row and row.enabled and service.name in settings.SERVICES)
    every = _every(row)
    return ServiceStatus(
        name=service.name,
        description=service.description,
        schedule=_words(row),
        every_seconds=every,
        is_enabled=enabled,
        condition=_condition(record, row, _seconds_between_runs(service, every), enabled, at),
        is_running=record.held_until is not None and record.held_until > at,
        record=record,
        row_id=row.pk if row else None,
    )


def _condition(
    record: ServiceRecord, row: PeriodicTask | None, every: float | None, enabled: bool, at: datetime
) -> Condition:
    if not enabled:
        idle = record.last_started_at is None or _is_overdue(record, row, every, at - BRIEF_PATIENCE)
        if row is None or not row.enabled or idle:
            return Condition.OFF  # what this server leaves out may be done by another one
    if record.failures_in_a_row:
        return Condition.FAILING
    if record.last_started_at is None:
        return Condition.NEW
    return Condition.OVERDUE if _is_overdue(record, row, every, at - PATIENCE) else Condition.OK


def _is_overdue(record: ServiceRecord, row: PeriodicTask | None, every: float | None, at: datetime) -> bool:
    """Whether several of its runs, or the one of a crontab, had not come by then."""
    started = record.last_started_at
    if started is None or row is None or (record.held_until is not None and record.held_until > at):
        return False
    if every is not None:
        return at - started > timedelta(seconds=2 * every)
    try:
        last, wait, _ = row.schedule.remaining_delta(started)
        return bool(last + wait < at)
    except Exception:  # noqa: BLE001 -- somebody wrote a schedule that cannot be; beat logs it
        return True


def _seconds_between_runs(service: Service, every: float | None) -> float | None:
    """While it has nothing to do."""
    return None if every is None else every * service.turns_when_idle(every)


def _every(row: PeriodicTask | None) -> float | None:
    return row.interval.schedule.run_every.total_seconds() if row is not None and row.interval is not None else None


def _words(row: PeriodicTask | None) -> str:
    if row is None:
        return "never"
    return str(row.interval or row.crontab or row.solar or row.clocked or "never")


def as_answer(status: ServiceStatus) -> Mapping[str, Any]:
    """The status as the API answers it."""
    record = status.record
    return {
        "name": status.name,
        "description": status.description,
        "schedule": status.schedule,
        "every_seconds": status.every_seconds,
        "enabled": status.is_enabled,
        "condition": status.condition.value,
        "running": status.is_running,
        "last_started_at": record.last_started_at,
        "last_finished_at": record.last_finished_at,
        "last_duration_seconds": record.last_duration_seconds,
        "last_lag_seconds": record.last_lag_seconds,
        "last_count": record.last_count,
        "total_count": record.total_count,
        "last_error": record.last_error or None,
        "failures_in_a_row": record.failures_in_a_row,
    }
