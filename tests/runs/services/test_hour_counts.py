"""What is counted of past hours is what the runs say."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Event
from time import sleep

import pytest
from django.db import connection, transaction

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from runs import tasks
from runs.models import ChangedHour, FlowRun, HourCount
from runs.models.hour_counts import Counted, hour_of
from runs.orchestration.transition import RunKind
from runs.services import hour_counts
from runs.services.flow_runs import delete_flow_run
from runs.services.hour_counts import (
    HOUR,
    KEPT,
    UNWATCHED,
    YOUNG,
    check_hours,
    count_hours,
    forget_hours,
    known_hours,
)
from runs.services.transitions import propose_state
from tests.factories import make_flow_run, make_task_run

pytestmark = pytest.mark.django_db


def hours_ago(hours: float):
    return now() - timedelta(hours=hours)


def counted() -> Counter:
    """What is known, by hour and state."""
    found = Counter()
    for hour, counts in known_hours(now() - KEPT, now()).items():
        for state_type, state_name, number in counts:
            found[hour, state_type, state_name] += number
    return found


def in_runs() -> Counter:
    """The same as the runs say."""
    found = Counter()
    for run in FlowRun.objects.top_level():
        hour = hour_of(run.start_time or run.expected_start_time)
        if now() - KEPT < hour and hour + HOUR <= now() - YOUNG:
            found[hour, run.state_type, run.state_name] += 1
    return found


def count_all():
    while count_hours():
        pass


def test_counts_what_the_runs_say():
    for hours in (3.5, 4.5, 4.6, 27, 200, 30 * 24):
        make_flow_run("COMPLETED", started=hours_ago(hours))
    make_flow_run("FAILED", started=hours_ago(27))
    make_flow_run(State(StateType.SCHEDULED, name="Late"), started=hours_ago(27))
    make_flow_run("COMPLETED", started=hours_ago(27), parent_task_run=make_task_run("COMPLETED"))
    make_flow_run("COMPLETED", started=hours_ago(0.5))

    tasks.hour_counts()
    count_all()

    assert counted() == in_runs()
    assert counted().total() == 8


def test_knows_nothing_of_young_hours():
    make_flow_run("COMPLETED", started=hours_ago(30))
    count_all()

    assert max(known_hours(now() - KEPT, now())) + HOUR <= now() - YOUNG


def test_counts_an_hour_again_when_one_of_its_runs_changes():
    run = make_flow_run("FAILED", started=hours_ago(30))
    count_all()

    propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=State(StateType.COMPLETED), force=True)

    assert counted().total() == 0  # nobody is told what is no longer so
    assert count_hours() == 1
    assert counted() == in_runs() != Counter()


def test_counts_an_hour_again_when_a_run_is_deleted():
    run, other = (make_flow_run("FAILED", started=hours_ago(hours)) for hours in (30, 40))
    count_all()

    delete_flow_run(flow_run_id=run.pk)
    other.flow.delete()
    assert counted().total() == 0
    count_all()

    assert counted() == in_runs() == Counter()


def test_counts_an_hour_again_when_a_run_begins_that_was_due_in_it():
    """It goes from the hour in which it was due to the one in which it began."""
    due = State(StateType.SCHEDULED, name="Late", details={"scheduled_time": hours_ago(30).isoformat()})
    run = make_flow_run(due, started=hours_ago(30))
    assert run.start_time is None
    count_all()

    propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=State(StateType.RUNNING), force=True)
    count_all()

    assert counted() == in_runs() == Counter()


@pytest.mark.django_db(transaction=True)
def test_counts_an_hour_again_that_changed_while_it_was_counted(monkeypatch):
    run = make_flow_run("FAILED", started=hours_ago(30))
    was_counted = Event()

    def write_slowly():
        was_counted.set()
        sleep(0.2)  # in which the run changes
        return now()

    def count_slowly():
        try:
            return hour_counts._count(Counted.FLOW_RUNS, hour_of(run.start_time))
        finally:
            connection.close()

    count_hours()
    HourCount.objects.update(counted_at=None)
    monkeypatch.setattr(hour_counts, "now", write_slowly)
    with ThreadPoolExecutor(1) as pool:
        counting = pool.submit(count_slowly)
        was_counted.wait(5)
        monkeypatch.undo()
        propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=State(StateType.COMPLETED), force=True)
        assert counting.result(5) == 1

    assert counted().total() == 0
    count_all()
    assert counted() == in_runs() != Counter()


def test_leaves_hours_alone_in_which_nothing_changed():
    make_flow_run("COMPLETED", started=hours_ago(30))
    count_all()

    for kind in Counted:
        forget_hours(kind, [now(), now() - UNWATCHED, now() + timedelta(days=1), hours_ago(24 * 400), None])

    assert not ChangedHour.objects.exists()
    assert count_hours() == 0


def test_tells_no_change_that_was_taken_back():
    run = make_flow_run("FAILED", started=hours_ago(30))
    count_all()

    with suppress(KeyError), transaction.atomic():
        propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=State(StateType.COMPLETED), force=True)
        raise KeyError

    assert counted() == in_runs() != Counter()


def test_waits_for_whoever_has_been_writing_for_long(monkeypatch):
    make_flow_run("COMPLETED", started=hours_ago(30))
    monkeypatch.setattr(hour_counts, "is_writing_since", lambda at: at < now() - YOUNG / 2)

    assert count_hours() == 0


def test_counts_an_hour_that_was_older_than_all_others():
    make_flow_run("COMPLETED", started=hours_ago(30))
    count_all()
    old = make_flow_run("COMPLETED", started=hours_ago(300))
    forget_hours(Counted.FLOW_RUNS, [old.start_time, old.expected_start_time])

    count_all()

    assert counted() == in_runs()
    assert counted().total() == 2


def test_opens_the_hours_that_ended_since(monkeypatch):
    make_flow_run("COMPLETED", started=hours_ago(9))
    make_flow_run("COMPLETED", started=hours_ago(4))
    monkeypatch.setattr(hour_counts, "now", lambda: hours_ago(5))
    count_all()
    assert counted().total() == 1

    monkeypatch.undo()
    count_all()

    assert counted() == in_runs()
    assert counted().total() == 2


def test_mends_what_is_wrong_within_a_day():
    make_flow_run("COMPLETED", started=hours_ago(30))
    count_all()
    HourCount.objects.update(counts=[["FAILED", "Failed", 7]], counted_at=hours_ago(25))

    while check_hours():
        pass

    assert counted() == in_runs()


def test_forgets_what_no_chart_looks_back_on():
    HourCount.objects.create(kind=Counted.TASK_RUNS, hour=hour_of(now() - KEPT - HOUR), counted_at=now())

    tasks.hour_counts()

    assert not HourCount.objects.exists()
