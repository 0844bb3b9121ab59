from datetime import UTC, datetime, timedelta
from uuid import uuid4

import orjson
import pytest

from orchestrator.contract.states import State, StateType
from orchestrator.rest.json import dump
from orchestrator.rest.rows import read_rows
from runs.api.answers import (
    flow_run_answer,
    flow_run_answers,
    log_answer,
    log_answers,
    task_run_answer,
    task_run_answers,
)
from runs.models import Flow, FlowRun, Log, TaskRun
from tests.factories import make_deployment, make_flow, make_flow_run, make_logs, make_task_run, make_work_pool

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def wire(answers):
    return orjson.loads(dump(answers))


@pytest.mark.parametrize("state", [None, "COMPLETED", State(StateType.CRASHED, timestamp=NOON, message='"quoted" é')])
def test_answers_what_the_objects_would(state):
    pool = make_work_pool("cluster")
    make_flow_run(
        state,
        started=NOON,
        tags=["a", "é"],
        deployment=make_deployment(pool=pool),
        work_queue=pool.default_queue,
        work_queue_name="default",
        parameters={"n": [1, {"x": None}]},
        created_by={"id": "1", "type": "SCHEDULE"},
        auto_scheduled=True,
        empirical_policy={"retries": 2},
        # A run that has not begun is late by more and more, unless it is expected later.
        expected_start_time=NOON if state else datetime(2099, 1, 1, tzinfo=UTC),
    )

    assert wire(flow_run_answers(FlowRun.objects.all())) == wire([flow_run_answer(FlowRun.objects.get())])


def test_answers_every_column_as_the_object_would():
    pool = make_work_pool("cluster")
    parent = make_task_run()
    make_flow_run(
        State(StateType.RUNNING, timestamp=NOON, message="é", data={"x": [1.5, 2**70]}),
        started=NOON,
        tags=["b", "a"],
        labels={"n": 1, "yes": True},
        deployment=make_deployment(pool=pool),
        deployment_version="1.2",
        work_queue=pool.default_queue,
        work_queue_name="default",
        flow_version="7",
        parameters={"text": 'a "quoted" \\ one\n', "nested": [{"x": None}], "number": 1e300},
        idempotency_key="key",
        context={"tags": ["a"]},
        parent_task_run=parent,
        auto_scheduled=True,
        infrastructure_document_id=uuid4(),
        infrastructure_pid="host:1",
        created_by={"id": "1", "type": "SCHEDULE"},
        job_variables={"env": {"A": "1"}},
        empirical_policy={"retries": 2, "pause_keys": ["k"]},
        run_count=3,
        total_run_time=1.25,
        expected_start_time=NOON - timedelta(microseconds=1),
        next_scheduled_start_time=NOON + timedelta(microseconds=120),
        end_time=NOON,
    )
    run = FlowRun.objects.exclude(pk=parent.flow_run_id).get()

    (answer,) = wire(flow_run_answers(FlowRun.objects.filter(pk=run.pk)))

    again = wire(flow_run_answer(run))
    assert [name for name, value in again.items() if value is None] == []
    # It goes on running between the two.
    assert answer.pop("estimated_run_time") == pytest.approx(again.pop("estimated_run_time"), abs=60)
    assert answer == again


def test_answers_task_runs_and_logs_as_the_objects_would():
    task = make_task_run("COMPLETED", started=NOON, expected_start_time=NOON)
    make_logs(task, "one", "two")

    assert wire(task_run_answers(TaskRun.objects.all())) == wire([task_run_answer(TaskRun.objects.get())])
    assert wire(log_answers(Log.objects.order_by("id"))) == wire(
        [log_answer(log) for log in Log.objects.order_by("id")]
    )


def test_reads_times_with_and_without_a_fraction():
    for name, when in (("whole", NOON), ("fraction", NOON.replace(microsecond=123456))):
        Flow.objects.create(name=name, created=when)

    rows = {row["name"]: row["created"] for row in read_rows(Flow.objects.all(), ("name", "created"))}

    assert wire(rows) == {"whole": "2026-11-20T12:00:00.000000Z", "fraction": "2026-11-20T12:00:00.123456Z"}


def test_keeps_json_as_it_is_stored():
    Flow.objects.create(name="a", tags=["x"], labels={"k": "v"})

    (row,) = read_rows(Flow.objects.all(), ("tags", "labels"), texts={"labels"})

    assert isinstance(row["tags"], orjson.Fragment)
    assert isinstance(row["labels"], str)
    assert wire(row["tags"]) == ["x"]
    assert orjson.loads(row["labels"]) == {"k": "v"}


def test_finds_nothing_without_asking(django_assert_num_queries):
    make_flow()

    with django_assert_num_queries(0):
        assert list(read_rows(Flow.objects.filter(pk__in=[]), ("id",))) == []
