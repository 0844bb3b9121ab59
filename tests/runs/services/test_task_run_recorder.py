"""Task runs out of the events that their clients report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from orchestrator.events.ingest import ingest
from orchestrator.events.models import Event
from runs.models import TaskRun, TaskRunState
from runs.services.flow_runs import Plan, create_flow_run
from runs.services.flows import get_or_create_flow
from tests.factories import make_flow_run

pytestmark = pytest.mark.django_db

BEGIN = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)


@pytest.fixture
def flow_run():
    flow, _ = get_or_create_flow(name="analysis")
    run, _ = create_flow_run(plan=Plan(flow_id=flow.pk))
    return run


def event(task_run_id, flow_run_id, type_, *, after=0.0, name=None, dynamic_key="d0", client=True, **task_run):
    occurred = BEGIN + timedelta(seconds=after)
    labels = {"prefect.resource.id": f"prefect.task-run.{task_run_id}", "prefect.resource.name": "add-1f3"}
    if client:
        labels["prefect.orchestration"] = "client"
    related = []
    if flow_run_id:
        related = [{"prefect.resource.id": f"prefect.flow-run.{flow_run_id}", "prefect.resource.role": "flow-run"}]
    name = name or type_.capitalize()
    return Event(
        id=uuid4(),
        occurred=occurred,
        received=occurred,
        event=f"prefect.task-run.{name}",
        resource_id=labels["prefect.resource.id"],
        resource=labels,
        related=related,
        payload={
            "intended": {"from": None, "to": type_},
            "validated_state": {"type": type_, "name": name, "message": "", "state_details": {}, "data": None},
            "task_run": {"name": "add-1f3", "task_key": "add", "dynamic_key": dynamic_key, "tags": ["x"], **task_run},
        },
    )


def whole_life(task_run_id, flow_run_id):
    return [
        event(task_run_id, flow_run_id, "PENDING", after=0),
        event(task_run_id, flow_run_id, "RUNNING", after=1, run_count=1, start_time="2026-03-29T12:00:01Z"),
        event(task_run_id, flow_run_id, "COMPLETED", after=2, run_count=1, total_run_time=1.0),
    ]


def test_records_a_task_run_with_its_whole_history(flow_run):
    task_run_id = uuid4()

    ingest(whole_life(task_run_id, flow_run.pk))

    run = TaskRun.objects.get(pk=task_run_id)
    assert (run.flow_run_id, run.state_type, run.run_count, run.total_run_time) == (flow_run.pk, "COMPLETED", 1, 1.0)
    assert run.start_time == BEGIN + timedelta(seconds=1)
    assert [state.type for state in run.states.order_by("timestamp")] == ["PENDING", "RUNNING", "COMPLETED"]
    assert list(run.tag_rows.values_list("tag", flat=True)) == ["x"]


def test_calls_each_state_by_the_identifier_of_its_event(flow_run):
    reported = event(uuid4(), flow_run.pk, "RUNNING")

    ingest([reported])

    assert TaskRun.objects.get().state_id == str(reported.id)


def test_keeps_an_old_state_that_comes_late_without_going_back(flow_run):
    task_run_id = uuid4()
    pending, running, completed = whole_life(task_run_id, flow_run.pk)

    ingest([completed])
    ingest([pending, running])

    run = TaskRun.objects.get(pk=task_run_id)
    assert (run.state_type, run.total_run_time) == ("COMPLETED", 1.0)
    assert run.states.count() == 3


def test_changes_nothing_when_events_come_twice(flow_run):
    life = whole_life(uuid4(), flow_run.pk)

    first, second = ingest(life), ingest(life)

    assert (first, second) == (3, 0)
    assert TaskRunState.objects.count() == 3


def test_keeps_what_an_event_does_not_mention(flow_run):
    task_run_id = uuid4()
    ingest([event(task_run_id, flow_run.pk, "RUNNING", run_count=1, task_inputs={"x": []})])

    ingest([event(task_run_id, flow_run.pk, "COMPLETED", after=1)])

    run = TaskRun.objects.get(pk=task_run_id)
    assert (run.run_count, run.task_inputs) == (1, {"x": []})


def test_takes_another_identifier_of_the_same_key_for_the_same_task_run(flow_run):
    first, second = uuid4(), uuid4()
    ingest([event(first, flow_run.pk, "PENDING")])

    ingest([event(second, flow_run.pk, "RUNNING", after=1)])

    run = TaskRun.objects.get()
    assert (run.pk, run.state_type) == (first, "RUNNING")
    assert run.state["state_details"]["task_run_id"] == str(first)


def test_records_a_background_task_without_a_flow(flow_run):
    ingest([event(uuid4(), None, "RUNNING")])

    assert TaskRun.objects.get().flow_run_id is None


@pytest.mark.parametrize("spoil", ["not from a client", "of a deleted flow run", "without a description"])
def test_passes_over_events_that_report_no_task_run(flow_run, spoil):
    reported = event(uuid4(), flow_run.pk, "RUNNING", client=spoil != "not from a client")
    if spoil == "of a deleted flow run":
        reported.related[0]["prefect.resource.id"] = f"prefect.flow-run.{uuid4()}"
    if spoil == "without a description":
        del reported.payload["task_run"]

    stored = ingest([reported])

    assert stored == 1
    assert not TaskRun.objects.exists()


def test_does_not_let_one_bad_event_spoil_the_others(flow_run):
    bad, good = event(uuid4(), flow_run.pk, "RUNNING"), event(uuid4(), flow_run.pk, "RUNNING", dynamic_key="d1")
    bad.payload = {"task_run": "nonsense"}

    ingest([bad, good])

    assert TaskRun.objects.count() == 1


def test_asks_as_many_questions_for_a_hundred_events_as_for_ten(flow_run, django_assert_max_num_queries):
    events = [event(uuid4(), flow_run.pk, "RUNNING", dynamic_key=str(number)) for number in range(100)]

    with django_assert_max_num_queries(14):
        ingest(events)

    assert TaskRun.objects.count() == 100


@pytest.mark.parametrize(
    "columns",
    [
        {"empirical_policy": "x"},
        {"task_inputs": ["x"]},
        {"labels": []},
        {"tags": "abc"},
        {"tags": [{}]},
        {"run_count": -1},
        {"total_run_time": "0:00:01"},
        {"start_time": 5},
        {"name": 5},
    ],
    ids=str,
)
def test_only_logs_an_event_whose_task_run_has_another_shape(api, columns):
    run = make_flow_run()
    report = {
        "id": str(uuid4()),
        "event": "prefect.task-run.Running",
        "occurred": "2026-11-20T12:00:00Z",
        "resource": {"prefect.resource.id": f"prefect.task-run.{uuid4()}", "prefect.orchestration": "client"},
        "related": [{"prefect.resource.id": f"prefect.flow-run.{run.pk}", "prefect.resource.role": "flow-run"}],
        "payload": {
            "validated_state": {"type": "RUNNING", "name": "Running"},
            "task_run": {"name": "t", "task_key": "k", "dynamic_key": "0", **columns},
        },
    }

    response = api.post("/events", [report])

    assert response.status_code == 204
    assert Event.objects.filter(id=report["id"]).exists()
    assert not TaskRun.objects.exists()
