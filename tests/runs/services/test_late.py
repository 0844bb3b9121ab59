from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from orchestrator.events.models import Event
from orchestrator.web.models import WebPulse
from runs.models import FlowRun
from runs.services import late
from runs.services.late import has_late_runs, mark_late
from tests.factories import make_flow_run, make_work_pool

pytestmark = pytest.mark.django_db


def scheduled(seconds_ago: float, *, name: str = "Scheduled", asked_seconds_ago: float = 3600, **columns) -> FlowRun:
    due = format_time(now() - timedelta(seconds=seconds_ago))
    asked = now() - timedelta(seconds=asked_seconds_ago)
    state = State(StateType.SCHEDULED, name=name, timestamp=asked, details={"scheduled_time": due})
    return make_flow_run(state, **columns)


def name_of(run: FlowRun) -> str | None:
    run.refresh_from_db()
    return run.state_name


@pytest.fixture
def api_up_for_an_hour():
    at = now()
    WebPulse.objects.create(started_at=at - timedelta(hours=1), last_seen=at)


def test_marks_a_run_that_did_not_begin_in_time():
    run = scheduled(16)
    before = run.current_state

    marked = mark_late()

    run.refresh_from_db()
    assert marked == 1
    assert (run.state_type, run.state_name) == ("SCHEDULED", "Late")
    assert run.current_state.scheduled_time == before.scheduled_time == run.next_scheduled_start_time
    assert Event.objects.get().event == "prefect.flow-run.Late"


@pytest.mark.parametrize("seconds_ago", [14, 0, -60])
def test_leaves_a_run_its_time(seconds_ago):
    run = scheduled(seconds_ago)

    mark_late()

    assert name_of(run) == "Scheduled"


def test_knows_whether_there_are_runs_to_mark():
    scheduled(14)
    before = has_late_runs()
    scheduled(16)
    waiting = has_late_runs()
    mark_late()

    assert (before, waiting, has_late_runs()) == (False, True, False)


def test_waits_for_as_long_as_is_set(settings):
    settings.LATE_AFTER_SECONDS = 2
    run = scheduled(3)

    mark_late()

    assert name_of(run) == "Late"


@pytest.mark.parametrize("name", ["AwaitingRetry", "Resuming", "AwaitingConcurrencySlot", "Late"])
def test_marks_no_run_that_waits_for_something_else(name):
    run = scheduled(60, name=name)

    assert mark_late() == 0
    assert name_of(run) == name


def test_marks_nothing_that_has_begun():
    make_flow_run(StateType.PENDING)
    make_flow_run(StateType.RUNNING)

    assert mark_late() == 0


def test_leaves_a_run_to_our_own_workers_that_was_asked_for_just_now(api_up_for_an_hour):
    queue = make_work_pool().default_queue
    just_now = scheduled(3600, asked_seconds_ago=1, work_queue=queue)
    long_ago = scheduled(3600, asked_seconds_ago=60, work_queue=queue)

    mark_late()

    assert (name_of(just_now), name_of(long_ago)) == ("Scheduled", "Late")


def test_leaves_runs_to_our_own_workers_while_they_could_not_reach_the_server():
    ours = scheduled(3600, work_queue=make_work_pool().default_queue)
    others = scheduled(3600, work_queue=make_work_pool(type="process").default_queue)

    mark_late()

    assert (name_of(ours), name_of(others)) == ("Scheduled", "Late")


def test_asks_once_when_nothing_is_late(django_assert_num_queries, api_up_for_an_hour):
    scheduled(-60)

    with django_assert_num_queries(2):  # since when the server is up, and what waits
        mark_late()


def test_is_done_after_one_call():
    scheduled(60)

    assert [mark_late(), mark_late()] == [1, 0]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL reads a table as small as this one whole")
def test_finds_what_is_due_by_an_index():
    assert "flow_run_not_marked_late" in late._waiting(now()).explain()
