"""What is answered with the help of known hours is what the runs say, whatever became of them in between."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from orchestrator.events.models import Event
from orchestrator.rest.search import body_with, count_body, narrow
from runs.api.counts import KINDS, asks_for_all, count_runs
from runs.api.filters import FLOW_RUNS, TASK_RUNS
from runs.models import ChangedHour, FlowRun, HourCount, TaskRun
from runs.orchestration.transition import RunKind
from runs.services.flow_runs import delete_flow_run
from runs.services.history import history
from runs.services.hour_counts import count_hours
from runs.services.task_run_recorder import record_task_runs
from runs.services.task_runs import delete_task_run
from runs.services.transitions import propose_state
from tests.factories import make_flow, make_flow_run, make_task_run

pytestmark = pytest.mark.django_db

ENTITIES = (FLOW_RUNS, TASK_RUNS)
STATES = ("COMPLETED", "FAILED", "CANCELLED", "RUNNING", "PENDING", "SCHEDULED")
HOURS = 9  # that the runs lie in


def some_time(chance: random.Random):
    """Often in the same few moments, so that bounds fall on runs. SQLite works out no more than milliseconds."""
    at = now().replace(second=0, microsecond=0) - timedelta(minutes=chance.randrange(HOURS * 60))
    return at + timedelta(seconds=chance.choice((0, 0, 17, 59)), milliseconds=chance.choice((0, 0, 1, 999)))


def make_runs(chance: random.Random, number: int) -> None:
    flow = make_flow()
    for _ in range(number):
        columns: dict[str, Any] = {"started": some_time(chance), "total_run_time": chance.random() * 100}
        if chance.random() < 0.5:
            columns["expected_start_time"] = some_time(chance)
        state = chance.choice(STATES)
        if chance.random() < 0.7:
            make_task_run(state, flow_run=make_flow_run("COMPLETED", flow=flow, started=some_time(chance)), **columns)
        else:
            parent = TaskRun.objects.first() if chance.random() < 0.3 else None
            make_flow_run(state, flow=flow, parent_task_run=parent, **columns)


def know_all_hours() -> None:
    while count_hours():
        pass


def change_something(chance: random.Random) -> None:
    """By the ways in which the server changes runs."""
    what = chance.choice((FlowRun, TaskRun))
    run = chance.choice(list(what.objects.all()))
    deed = chance.randrange(5)
    if deed == 0:
        delete_flow_run(flow_run_id=run.pk) if what is FlowRun else delete_task_run(task_run_id=run.pk)
    elif deed == 1 and what is FlowRun:
        run.delete()
    elif deed == 2 and what is TaskRun:
        report(run.pk, run.flow_run_id, start_time=some_time(chance))
    elif deed == 3 and what is TaskRun:
        report(uuid4(), run.flow_run_id, start_time=some_time(chance))
    else:
        state = State(StateType(chance.choice(STATES)), timestamp=some_time(chance))
        if state.type is StateType.SCHEDULED:
            state = state.with_details(scheduled_time=format_time(some_time(chance)))
        kind = RunKind.FLOW_RUN if what is FlowRun else RunKind.TASK_RUN
        propose_state(kind=kind, run_id=run.pk, proposal=state, force=True)


def report(task_run_id, flow_run_id, *, start_time) -> None:
    """What a client tells of a task run that ended."""
    name = f"prefect.task-run.{task_run_id}"
    event = Event(
        id=uuid4(),
        occurred=now(),
        event="prefect.task-run.Completed",
        resource_id=name,
        resource={"prefect.resource.id": name, "prefect.orchestration": "client"},
        related=[{"prefect.resource.id": f"prefect.flow-run.{flow_run_id}", "prefect.resource.role": "flow-run"}],
        payload={
            "validated_state": {"type": "COMPLETED", "name": "Completed"},
            "task_run": {
                "task_key": "add",
                "dynamic_key": str(task_run_id),
                "start_time": format_time(start_time),
                "expected_start_time": format_time(start_time - timedelta(minutes=5)),
                "total_run_time": 3.5,
            },
        },
    )
    record_task_runs([event])


def assert_counts_are_right(chance: random.Random) -> None:
    since, until = sorted((some_time(chance), some_time(chance)))
    bounds = {"after_": format_time(since), "before_": format_time(until)}
    for filter in (
        {},
        {"start_time": bounds},
        {"start_time": {"after_": bounds["after_"]}},
        {"start_time": {"before_": bounds["before_"]}, "state": {"type": {"any_": ["COMPLETED"]}}},
        {"start_time": bounds, "state": {"type": {"any_": ["RUNNING", "SCHEDULED"]}}},
        {"start_time": bounds, "state": {"type": {"any_": []}}},
        {"start_time": bounds, "state": {"name": {"any_": ["Failed"]}}},  # of these nothing is known
        {"operator": "or_", "start_time": bounds, "state": {"type": {"any_": ["COMPLETED"]}}},
        {"start_time": {**bounds, "is_null_": False}},
    ):
        for entity in ENTITIES:
            body = count_body(entity)(**{entity.key: filter})
            assert count_runs(entity, body) == narrow(entity, body).count(), (entity.key, filter)


def assert_history_is_right(chance: random.Random) -> None:
    at = now()
    for interval in (3_600.0, 900.0, 60.0, 3_000.5):
        start = some_time(chance)
        asked = {"start": start, "end": at, "interval_seconds": interval, "now": at}
        for kind in KINDS.items():
            rows = kind[0].model.objects.all()

            found, bare = history(rows, **asked, all_of=kind[1]), history(rows, **asked)

            assert [shape_of(part) for part in found] == [shape_of(part) for part in bare], (kind, asked)


def shape_of(part):
    states = sorted(part["states"], key=lambda state: (state["state_type"], state["state_name"]))
    sums = ("sum_estimated_run_time", "sum_estimated_lateness")
    return part["interval_start"], [
        (state["state_name"], state["count_runs"], *(pytest.approx(state[key], abs=0.02) for key in sums))
        for state in states
    ]


@pytest.mark.parametrize("seed", range(3))
def test_says_what_the_runs_say_after_any_changes(seed):
    chance = random.Random(seed)
    make_runs(chance, 60)

    for _ in range(2):
        know_all_hours()
        assert_counts_are_right(chance)
        assert_history_is_right(chance)
        for _ in range(6):
            change_something(chance)
        assert_counts_are_right(chance)
        assert_history_is_right(chance)

    assert ChangedHour.objects.exists()


@pytest.mark.parametrize("entity", ENTITIES)
def test_reads_no_run_of_a_known_hour(entity):
    chance = random.Random(7)
    make_runs(chance, 60)
    know_all_hours()
    # Nobody says so, so it can be seen what is read.
    HourCount.objects.filter(kind=KINDS[entity]).update(total=1_000)
    hours = HourCount.objects.filter(kind=KINDS[entity]).count()

    with CaptureQueriesContext(connection) as asked:
        found = count_runs(entity, count_body(entity)())

    assert found >= hours * 1_000
    assert len(asked) == 2


@pytest.mark.parametrize("kind", ["flow_runs", "task_runs"])
def test_tells_numbered_pages_how_many_there_are(api, kind):
    began = now() - timedelta(hours=5)
    make_task_run("COMPLETED", started=began, flow_run=make_flow_run("COMPLETED", started=began))
    know_all_hours()
    HourCount.objects.update(total=F("total") + 1_000)

    page = api.post(f"/{kind}/paginate", {"limit": 5}).json()

    assert page["count"] > 1_000


@pytest.mark.parametrize("entity", ENTITIES)
def test_looks_up_each_stretch_by_its_own_bounds(entity):
    """Beside wider ones, SQLite would look it up by these."""
    make_runs(random.Random(7), 60)
    know_all_hours()
    at = now().replace(second=30)
    span = {"after_": format_time(at - timedelta(hours=6)), "before_": format_time(at)}
    asked_for = {"start_time": span, "state": {"type": {"any_": ["COMPLETED"]}}}

    with CaptureQueriesContext(connection) as asked:
        count_runs(entity, count_body(entity)(**{entity.key: asked_for}))

    counted = [part for part in asked.captured_queries[-1]["sql"].split(" UNION ALL ") if "COUNT(*)" in part]
    assert len(counted) > 1
    assert all(part.count(">=") == 1 and len(re.findall("<=?", part)) == 1 for part in counted)


@pytest.mark.parametrize(
    ("filters", "asks"),
    [
        ({}, True),
        ({"task_runs": {}}, True),
        ({"task_runs": {"state": {}}}, True),
        ({"flows": {}}, False),  # leaves out task runs that no flow called
        ({"task_runs": {"name": {"like_": "a"}}}, False),
    ],
)
def test_knows_who_asks_for_all_runs(filters, asks):
    body = body_with(TASK_RUNS, "Some", ())(**filters)

    assert asks_for_all(TASK_RUNS, body) is asks


@pytest.mark.parametrize("kind", ["flow_runs", "task_runs"])
def test_counts_nothing_where_all_is_known(kind):
    """Whole hours that are known all together."""
    at = now().replace(minute=0, second=0, microsecond=0)
    started = at - timedelta(hours=5) + timedelta(minutes=3)
    make_task_run("COMPLETED", started=started, flow_run=make_flow_run("COMPLETED", started=started))
    make_task_run("COMPLETED", started=at - timedelta(hours=7))
    know_all_hours()
    entity = FLOW_RUNS if kind == "flow_runs" else TASK_RUNS
    asked = {"start": at - timedelta(hours=6), "end": at - timedelta(hours=3), "interval_seconds": 3_600.0, "now": at}

    parts = history(entity.model.objects.all(), **asked, all_of=KINDS[entity])

    assert [sum(state["count_runs"] for state in part["states"]) for part in parts] == [0, 1, 0]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="others put together what several parts of an index say")
@pytest.mark.parametrize("entity", ENTITIES)
def test_looks_up_what_is_not_known_and_nothing_in_between(entity):
    make_runs(random.Random(7), 60)
    know_all_hours()
    at = now().replace(second=30)
    span = {"start": at - timedelta(hours=6), "end": at, "interval_seconds": 3_600.0, "now": at}

    with CaptureQueriesContext(connection) as asked:
        history(entity.model.objects.all(), **span, all_of=KINDS[entity])
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + asked.captured_queries[-1]["sql"].replace("%", "%%"))
        plan = [step[-1] for step in cursor.fetchall()]

    table = entity.model._meta.db_table
    assert plan[0] == f"SEARCH {table} USING INTEGER PRIMARY KEY (rowid=?)"
    assert plan.count("UNION ALL") > 5
    assert not any(step.startswith("SCAN") for step in plan)


@pytest.mark.parametrize("kind", ["flow_runs", "task_runs"])
def test_answers_about_the_whole_calendar(api, kind):
    """Nothing is worked out beyond it."""
    make_task_run("COMPLETED", started=now() - timedelta(hours=5))
    know_all_hours()
    ever = {"after_": "0001-01-01T00:00:00Z", "before_": "9999-12-31T23:59:59.999999Z"}

    counted = api.post(f"/{kind}/count", {kind: {"start_time": ever}})
    told = api.post(
        f"/{kind}/history",
        {
            "history_start": "0001-01-01T00:00:00Z",
            "history_end": "9999-12-31T00:00:00Z",
            "history_interval_seconds": 86400,
        },
    )

    assert (counted.status_code, counted.json(), told.status_code) == (200, 1, 200)
