"""The clock: one grid of ticks for every beat, and rows that make no sense hold up no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from orchestrator import beat
from orchestrator.beat import CalmScheduler, Tick
from orchestrator.celery import app
from orchestrator.periodic.registry import find_service
from tests.periodic.making import a_service

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

    assert len(moments) >= 8


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


@pytest.fixture
def minute(scheduler, clock, monkeypatch):
    """Lets beat go through a minute and says how many messages it sent to each service."""
    messages: Counter[str] = Counter()
    monkeypatch.setattr(beat.DatabaseScheduler, "apply_async", lambda self, entry, **_: messages.update([entry.task]))

    def pass_by(has_work: Callable[[], bool] | None = None) -> Counter[str]:
        if has_work is not None:
            dispatcher = find_service("dispatcher")
            scheduler._services[dispatcher.task_name] = replace(dispatcher, has_work=has_work)
        entries = scheduler.all_as_schedule()
        for second in range(61):  # the first of them is the moment at which beat was started
            clock(NOON + timedelta(seconds=second))
            for name, entry in entries.items():
                if entry.is_due().is_due:
                    entries[name] = scheduler.reserve(entry)
                    scheduler.apply_entry(entry)
        return messages

    return pass_by


def test_sends_few_messages_while_there_is_nothing_to_do(minute):
    messages = minute()

    assert 2 <= messages["services.dispatcher"] <= 3
    assert 2 <= messages["services.triggers"] <= 3
    assert 2 <= messages["services.bulk_actions"] <= 3
    assert 2 <= messages["services.scheduler"] <= 3
    assert messages.total() <= 60


def test_sends_a_message_at_each_tick_while_there_is_something_to_do(minute):
    messages = minute(lambda: True)

    assert messages["services.dispatcher"] >= 59


def test_sends_the_message_when_it_is_not_known_whether_there_is_something_to_do(minute):
    def broken() -> bool:
        raise OperationalError

    messages = minute(broken)

    assert messages["services.dispatcher"] >= 59


def test_leaves_out_the_same_ticks_as_every_other_beat(clock):
    service = a_service(every_seconds=1, has_work=lambda: False)
    row = a_row(interval=IntervalSchedule.objects.create(every=1, period="seconds"))
    beats = [a_tick(NOON - timedelta(seconds=seconds), row) for seconds in (3, 90)]

    left_out = []
    for second in range(60):
        clock(NOON + timedelta(seconds=second))
        left_out.append([tick.is_left_out(service) for tick in beats])

    assert all(one == other for one, other in left_out)
    assert sum(one for one, _ in left_out) == 58


def test_compares_no_rows_that_were_not_read_anew(scheduler, monkeypatch):
    compared = []
    monkeypatch.setattr(Tick, "__eq__", lambda self, other: compared.append(self) or True)
    rows = scheduler.all_as_schedule()

    assert scheduler.schedules_equal(rows, dict(rows))
    scheduler._heap_invalidated = True

    assert not scheduler.schedules_equal(rows, dict(rows))
    assert compared == []


def test_ticks_at_full_and_half_seconds(clock):
    schedule = IntervalSchedule.objects.create(every=5, period="seconds")
    moments = [a_tick(NOON, a_row(name=f"row {number}", interval=schedule)).due_at() for number in range(20)]

    assert {moment.microsecond for moment in moments} <= {0, 500_000}


def test_sends_all_that_is_due_before_it_rests(scheduler, monkeypatch):
    pauses = iter([0.0, 0.0, 0.3])
    monkeypatch.setattr("celery.beat.Scheduler.tick", lambda self: next(pauses))
    scheduler._heap = [None] * 5

    assert scheduler.tick() == 0.3
