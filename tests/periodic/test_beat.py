"""The clock: one grid of ticks for every beat, and rows that make no sense hold up no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from orchestrator import beat
from orchestrator.beat import CalmScheduler, Tick
from orchestrator.celery import app

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch):
    """Sets what time it is for beat."""
    at = [NOON]
    monkeypatch.setattr(Tick, "_default_now", lambda self: at[0])

    def set_to(moment: datetime) -> datetime:
        at[0] = moment
        return moment

    return set_to


def a_row(**columns) -> PeriodicTask:
    if "crontab" not in columns:
        columns = {"interval": IntervalSchedule.objects.create(every=5, period="seconds"), **columns}
    return PeriodicTask.objects.create(**{"name": "row", "task": "shop.tasks.close", **columns})


def a_tick(last_run_at: datetime, row: PeriodicTask | None = None) -> Tick:
    row = row or a_row()
    row.last_run_at = last_run_at
    return Tick(row, app=app)


def sent(scheduler: CalmScheduler) -> set[str]:
    return set(scheduler.all_as_schedule())


@pytest.fixture
def scheduler():
    return CalmScheduler(app=app, lazy=True)


def test_ticks_for_the_same_moments_whenever_it_was_started(clock):
    clock(NOON)
    one = a_tick(NOON - timedelta(seconds=11))
    other = a_tick(NOON - timedelta(seconds=63.2), row=one.model)

    assert one.is_due().is_due
    assert other.is_due().is_due
    assert one.due_at() == other.due_at()
    assert NOON - timedelta(seconds=5) < one.due_at() <= NOON


def test_is_due_again_at_the_next_tick_and_not_before(clock):
    tick = a_tick(NOON)
    next_tick = NOON + timedelta(seconds=tick.is_due().next)

    clock(next_tick - timedelta(milliseconds=1))
    before = tick.is_due().is_due
    clock(next_tick + timedelta(milliseconds=1))
    after = tick.is_due().is_due

    assert (before, after) == (False, True)
    assert abs(tick.due_at() - next_tick) < timedelta(milliseconds=1)


def test_spreads_services_of_one_pace(clock):
    schedule = IntervalSchedule.objects.create(every=60, period="seconds")
    moments = {a_tick(NOON, a_row(name=f"row {number}", interval=schedule)).due_at() for number in range(10)}

    assert len(moments) == 10


def test_goes_on_when_the_clock_was_set_back(clock):
    tick = a_tick(NOON + timedelta(hours=3))

    first = tick.is_due()
    clock(NOON + timedelta(seconds=5.1))

    assert not first.is_due
    assert tick.is_due().is_due


def test_names_the_moment_of_a_crontab(clock):
    crontab = CrontabSchedule.objects.create(minute="0", hour="4", timezone="UTC")
    tick = a_tick(datetime(2026, 3, 1, 4, 0, 0, 500, tzinfo=UTC), a_row(crontab=crontab))
    tick.schedule.nowfun = lambda: NOON

    assert tick.due_at() == datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(("every", "period"), [(0, "seconds"), (1, "microseconds"), (-5, "seconds")])
def test_never_ticks_more_than_once_a_second(clock, every, period):
    tick = a_tick(NOON, a_row(interval=IntervalSchedule.objects.create(every=every, period=period)))

    assert (tick.is_due().is_due, 0 < tick.is_due().next <= 1) == (False, True)


def test_passes_over_a_row_that_makes_no_sense(scheduler):
    a_row(name="nonsense", crontab=CrontabSchedule.objects.create(minute="every now and then", timezone="UTC"))
    a_row(name="good")

    assert "good" in sent(scheduler)
    assert "nonsense" not in sent(scheduler)


def test_sends_all_services_unless_told_otherwise(scheduler):
    assert {"late_runs", "retention", "dispatcher"} <= sent(scheduler)


def test_sends_only_what_is_chosen_and_what_is_none_of_ours(scheduler, settings):
    settings.SERVICES = ["late_runs"]
    a_row(name="their own")

    assert sent(scheduler) >= {"late_runs", "their own"}
    assert not sent(scheduler) & {"retention", "dispatcher"}


def test_sends_nothing_that_is_switched_off(scheduler):
    PeriodicTask.objects.filter(task="services.late_runs").update(enabled=False)

    assert "late_runs" not in sent(scheduler)


def test_says_in_each_message_for_which_moment_it_is(scheduler, monkeypatch):
    messages = []
    monkeypatch.setattr(beat.DatabaseScheduler, "apply_async", lambda self, entry, **_: messages.append(entry))
    entry = scheduler.all_as_schedule()["late_runs"]

    scheduler.apply_async(entry)

    assert messages[0].options["headers"]["due_at"] == entry.due_at().isoformat()
    assert messages[0].options["headers"]["periodic_task_name"] == "late_runs"
