"""The operators, on the entity that has most of them."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from orchestrator.contract.states import StateType
from orchestrator.rest.filters import condition, matches
from runs.api.filters import FlowFilter, FlowRunFilter, LogFilter, TaskRunFilter
from runs.models import Flow, FlowRun, Log, TaskRun
from tests.factories import make_deployment, make_flow, make_flow_run, make_logs, make_task_run

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def found(model, filter_model, **filled):
    rows = model.objects.filter(condition(filter_model.model_validate(filled)))
    return sorted(rows.values_list("name", flat=True))


@pytest.fixture
def four_runs():
    make_flow_run(StateType.COMPLETED, name="Alpha", tags=["red", "big"], started=NOON)
    make_flow_run(StateType.FAILED, name="beta", tags=["red"], started=NOON + timedelta(hours=1))
    make_flow_run(StateType.RUNNING, name="gamma", tags=["blue"], started=NOON + timedelta(hours=2))
    make_flow_run(StateType.SCHEDULED, name="100%", started=NOON + timedelta(hours=3), idempotency_key="k")


@pytest.mark.parametrize(
    ("filled", "names"),
    [
        ({}, ["100%", "Alpha", "beta", "gamma"]),
        ({"name": {"any_": ["beta", "nobody"]}}, ["beta"]),
        ({"name": {"any_": []}}, []),  # an empty list matches nothing
        ({"name": {"like_": "ALPH"}}, ["Alpha"]),
        ({"name": {"like_": "%"}}, ["100%"]),  # a percent sign is just a percent sign
        ({"id": {"not_any_": []}}, ["100%", "Alpha", "beta", "gamma"]),
        ({"tags": {"all_": ["red", "big"]}}, ["Alpha"]),
        ({"tags": {"any_": ["big", "blue"]}}, ["Alpha", "gamma"]),
        ({"tags": {"any_": []}}, []),
        ({"tags": {"is_null_": True}}, ["100%"]),  # the empty list
        ({"tags": {"is_null_": False, "any_": ["blue"]}}, ["gamma"]),
        ({"tags": {"operator": "or_", "is_null_": True, "any_": ["blue"]}}, ["100%", "gamma"]),
        ({"state": {"type": {"any_": ["COMPLETED", "FAILED"]}}}, ["Alpha", "beta"]),
        ({"state": {"type": {"not_any_": ["COMPLETED", "FAILED"]}}}, ["100%", "gamma"]),
        ({"state": {"name": {"any_": ["Running"]}, "type": {"any_": ["FAILED"]}}}, []),
        (
            {"state": {"operator": "or_", "name": {"any_": ["Running"]}, "type": {"any_": ["FAILED"]}}},
            ["beta", "gamma"],
        ),
        # Before and after include the moment itself; a run that has not started counts by its expected start.
        ({"start_time": {"before_": "2026-11-20T12:00:00Z"}}, ["Alpha"]),
        ({"start_time": {"after_": "2026-11-20 15:00:00+00:00"}}, ["100%"]),
        ({"start_time": {"is_null_": True}}, ["100%"]),
        ({"end_time": {"is_null_": False}}, ["Alpha", "beta"]),
        ({"idempotency_key": {"not_any_": ["k"]}}, []),  # nothing is known of what has none
        ({"idempotency_key": {"not_any_": ["other"]}}, ["100%"]),
        ({"idempotency_key": {"not_any_": []}}, ["100%", "Alpha", "beta", "gamma"]),
        # States to be in and states not to be in, both at once, ask for nothing.
        (
            {"state": {"type": {"any_": ["FAILED"], "not_any_": ["FAILED"]}, "name": {"any_": ["Running"]}}},
            ["gamma"],
        ),
        (
            {"state": {"operator": "or_", "type": {}, "name": {"any_": ["Running"]}}},
            ["gamma"],
        ),
        # But elsewhere a field that asks for nothing is an alternative that is always true.
        (
            {"operator": "or_", "name": {}, "tags": {"all_": ["blue"]}},
            ["100%", "Alpha", "beta", "gamma"],
        ),
        ({"deployment_id": {"is_null_": False}}, []),
        ({"operator": "or_", "name": {"any_": ["beta"]}, "tags": {"all_": ["blue"]}}, ["beta", "gamma"]),
    ],
)
def test_finds_the_runs_that_a_filter_describes(four_runs, filled, names):
    assert found(FlowRun, FlowRunFilter, **filled) == names


def test_finds_subflows_by_their_parents():
    parent = make_flow_run(name="parent")
    tracking = make_task_run(flow_run=parent)
    make_flow_run(name="child", parent_task_run=tracking)

    assert found(FlowRun, FlowRunFilter, parent_flow_run_id={"any_": [str(parent.pk)]}) == ["child"]
    assert found(FlowRun, FlowRunFilter, parent_task_run_id={"any_": [str(tracking.pk)]}) == ["child"]
    assert found(FlowRun, FlowRunFilter, parent_task_run_id={"is_null_": True}) == ["parent"]
    assert found(TaskRun, TaskRunFilter, subflow_runs={"exists_": True}) == [tracking.name]
    assert found(TaskRun, TaskRunFilter, subflow_runs={"exists_": False}) == []


def test_finds_task_runs_of_flow_runs_unless_others_are_asked_for():
    inside, loose = make_task_run(name="inside"), make_task_run(name="loose")
    TaskRun.objects.filter(pk=loose.pk).update(flow_run=None)
    of_it = [str(inside.flow_run_id)]

    assert found(TaskRun, TaskRunFilter) == ["inside", "loose"]
    assert found(TaskRun, TaskRunFilter, flow_run_id={}) == ["inside"]
    assert found(TaskRun, TaskRunFilter, flow_run_id={"is_null_": None}) == ["inside", "loose"]
    assert found(TaskRun, TaskRunFilter, flow_run_id={"is_null_": True, "any_": of_it}) == ["loose"]
    assert found(TaskRun, TaskRunFilter, flow_run_id={"any_": of_it}) == ["inside"]


def test_asks_task_runs_for_the_start_that_they_had():
    make_task_run("SCHEDULED", name="waiting")
    make_task_run("RUNNING", name="running")
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()

    assert found(TaskRun, TaskRunFilter, start_time={"before_": later}) == ["running"]


def test_finds_lines_by_message_and_logger():
    run = make_flow_run()
    make_logs(run, "Hello there")

    assert Log.objects.filter(condition(LogFilter.model_validate({"text": {"query": "hello -world"}}))).count() == 1
    assert Log.objects.filter(condition(LogFilter.model_validate({"text": {"query": Log.objects.get().name}}))).count()
    assert not Log.objects.filter(condition(LogFilter.model_validate({"text": {"query": "+hello +world"}}))).exists()


def test_finds_runs_by_who_created_them():
    creator = uuid4()
    make_flow_run(name="made", created_by={"id": str(creator), "type": "AUTOMATION"})
    make_flow_run(name="typed")

    assert found(FlowRun, FlowRunFilter, created_by={"id_": [str(creator)]}) == ["made"]
    assert found(FlowRun, FlowRunFilter, created_by={"type_": ["AUTOMATION"]}) == ["made"]
    assert found(FlowRun, FlowRunFilter, created_by={"is_null_": True}) == ["typed"]


def test_finds_flows_by_tags_in_their_json():
    Flow.objects.create(name="a", tags=["rot", "grün"])
    Flow.objects.create(name="b", tags=['"quoted"'])
    Flow.objects.create(name="c")

    assert found(Flow, FlowFilter, tags={"all_": ["grün"]}) == ["a"]
    assert found(Flow, FlowFilter, tags={"all_": ['"quoted"']}) == ["b"]
    assert found(Flow, FlowFilter, tags={"all_": ["gr"]}) == []
    assert found(Flow, FlowFilter, tags={"is_null_": True}) == ["c"]


def test_finds_flows_without_deployments():
    make_deployment(make_flow("deployed"))
    make_flow("bare")

    assert found(Flow, FlowFilter, deployment={"is_null_": True}) == ["bare"]
    assert found(Flow, FlowFilter, deployment={"is_null_": False}) == ["deployed"]


RUN = uuid4()
LINE = {"level": 30, "timestamp": NOON, "flow_run_id": RUN, "task_run_id": None, "text": "the red door"}


@pytest.mark.parametrize(
    ("filled", "fits"),
    [
        ({}, True),
        ({"flow_run_id": {"any_": [str(RUN)]}}, True),
        ({"flow_run_id": {"any_": [str(uuid4())]}}, False),
        ({"level": {"ge_": 30, "le_": 30}}, True),
        ({"level": {"ge_": 40}}, False),
        ({"timestamp": {"after_": "2026-11-20T12:00:00Z"}}, True),
        ({"timestamp": {"before_": "2026-11-20T11:59:59Z"}}, False),
        ({"task_run_id": {"is_null_": True}}, True),
        ({"task_run_id": {"is_null_": False}}, False),
        ({"text": {"query": "+red -blue"}}, True),
        ({"text": {"query": "green"}}, False),
    ],
)
def test_asks_the_same_of_what_is_streamed(filled, fits):
    assert matches(LogFilter.model_validate(filled), LINE) is fits
