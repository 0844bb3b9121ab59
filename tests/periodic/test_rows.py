"""The rows by which beat knows the services."""

from __future__ import annotations

import pytest
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks

from orchestrator.contract.services import SERVICES
from orchestrator.periodic.models import ServiceRecord
from orchestrator.periodic.rows import write_rows

pytestmark = pytest.mark.django_db


def row(name: str) -> PeriodicTask:
    return PeriodicTask.objects.get(task=f"services.{name}")


def seconds(every: int) -> IntervalSchedule:
    return IntervalSchedule.objects.get_or_create(every=every, period="seconds")[0]


def former(task: str, **columns) -> PeriodicTask:
    """A row as an earlier version made it."""
    return PeriodicTask.objects.create(name=task, task=task, **{"interval": seconds(5), **columns})


def test_has_a_row_and_a_record_for_every_service_after_a_migration():
    tasks = set(PeriodicTask.objects.filter(task__startswith="services.").values_list("task", flat=True))

    assert tasks == {f"services.{name}" for name in SERVICES}
    assert set(ServiceRecord.objects.values_list("name", flat=True)) == set(SERVICES)
    assert row("late_runs").description == SERVICES["late_runs"]


def test_leaves_what_an_administrator_changed():
    changed = row("late_runs")
    changed.interval, changed.enabled = seconds(77), False
    changed.save()

    write_rows()

    assert (row("late_runs").interval.every, row("late_runs").enabled) == (77, False)


def test_follows_a_new_default_where_nobody_changed_the_pace():
    """As if the row had been made when the service ran every 40 seconds."""
    for name in ("late_runs", "retention"):
        ServiceRecord.objects.filter(name=name).update(default_seconds=40)
    PeriodicTask.objects.filter(task="services.late_runs").update(interval=seconds(40))
    PeriodicTask.objects.filter(task="services.retention").update(interval=seconds(41))

    write_rows()

    assert row("late_runs").interval.every == 5
    assert row("retention").interval.every == 41


def test_removes_the_rows_of_services_that_are_gone():
    PeriodicTask.objects.create(name="gone", task="services.gone", interval=seconds(5))
    PeriodicTask.objects.create(name="their own", task="shop.tasks.close", interval=seconds(5))

    write_rows()

    assert not PeriodicTask.objects.filter(task="services.gone").exists()
    assert PeriodicTask.objects.filter(task="shop.tasks.close").exists()


def test_makes_a_row_although_its_name_is_taken():
    PeriodicTask.objects.filter(task="services.retention").delete()
    PeriodicTask.objects.create(name="retention", task="shop.tasks.retention", interval=seconds(5))

    write_rows()

    assert row("retention").name == "services.retention"


def test_carries_over_what_was_adjusted_before_services_had_names():
    former("runs.tasks.expire_pauses")
    former("runs.tasks.mark_late_runs", interval=seconds(9))
    former("runs.tasks.clear_leftovers", enabled=False)
    crontab = CrontabSchedule.objects.create(hour="4")
    former("runs.tasks.delete_old_runs", interval=None, crontab=crontab)

    write_rows()

    assert row("pause_expirations").interval.every == 5
    assert row("late_runs").interval.every == 9
    assert not row("leftovers").enabled
    assert (row("retention").interval, row("retention").crontab) == (None, crontab)
    assert not PeriodicTask.objects.filter(task__startswith="runs.tasks.").exists()


def test_tells_beat_of_changes_and_of_nothing_else():
    PeriodicTasks.objects.all().delete()

    write_rows()
    unchanged = PeriodicTasks.last_change()
    PeriodicTask.objects.filter(task="services.retention").delete()
    PeriodicTasks.objects.all().delete()
    write_rows()

    assert unchanged is None
    assert PeriodicTasks.last_change() is not None


def test_asks_little_when_nothing_is_to_be_done(django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        write_rows()
