from datetime import timedelta
from uuid import uuid4

import pytest

from orchestrator.contract.times import format_time, now
from runs.services.artifacts import create_artifact
from tests.factories import make_flow, make_flow_run, make_task_run


def graph_of(api, run, query=""):
    graph = api.get(f"/flow_runs/{run.pk}/graph-v2{query}").json()
    return graph, dict(graph["nodes"])


def test_draws_edges_from_inputs(api):
    run = make_flow_run()
    start = now()
    first = make_task_run("COMPLETED", flow_run=run, started=start)
    second = make_task_run("RUNNING", flow_run=run, upstream=[first], started=start + timedelta(seconds=2))

    graph, nodes = graph_of(api, run)

    assert [id for id, _ in graph["nodes"]] == [str(first.pk), str(second.pk)]
    assert graph["root_node_ids"] == [str(first.pk)]
    assert nodes[str(first.pk)]["children"] == [{"id": str(second.pk)}]
    assert nodes[str(second.pk)]["parents"] == [{"id": str(first.pk)}]
    assert (nodes[str(second.pk)]["kind"], nodes[str(second.pk)]["end_time"]) == ("task-run", None)


def test_shows_a_subflow_in_place_of_its_tracking_task(api):
    run = make_flow_run()
    tracking = make_task_run("RUNNING", flow_run=run)
    after = make_task_run("RUNNING", flow_run=run, upstream=[tracking])
    child = make_flow_run(flow=make_flow("child"), name="kind-owl", parent_task_run=tracking)

    _, nodes = graph_of(api, run)

    assert set(nodes) == {str(child.pk), str(after.pk)}
    assert (nodes[str(child.pk)]["kind"], nodes[str(child.pk)]["label"]) == ("flow-run", "child / kind-owl")
    assert nodes[str(after.pk)]["parents"] == [{"id": str(child.pk)}]


def test_keeps_apart_what_encloses_and_what_feeds(api):
    run = make_flow_run()
    outer = make_task_run(flow_run=run)
    inner = make_task_run(
        flow_run=run, task_inputs={"__parents__": [{"input_type": "task_run", "id": str(outer.pk)}], "x": []}
    )

    graph, nodes = graph_of(api, run)

    assert nodes[str(inner.pk)]["encapsulating"] == [{"id": str(outer.pk)}]
    assert nodes[str(inner.pk)]["parents"] == []
    assert len(graph["root_node_ids"]) == 2


def test_leaves_out_what_never_had_a_time_and_inputs_from_elsewhere(api):
    run = make_flow_run()
    make_task_run(None, flow_run=run, expected_start_time=None)
    task = make_task_run(flow_run=run, task_inputs={"x": [{"input_type": "task_run", "id": str(uuid4())}]})

    _, nodes = graph_of(api, run)

    assert list(nodes) == [str(task.pk)]
    assert nodes[str(task.pk)]["parents"] == []


def test_shows_only_what_had_not_ended_by_a_moment(api):
    run = make_flow_run()
    make_task_run("COMPLETED", flow_run=run, started=now() - timedelta(hours=1), seconds=1)
    running = make_task_run("RUNNING", flow_run=run)
    since = format_time(now() - timedelta(minutes=1))

    _, nodes = graph_of(api, run, f"?since={since}")

    assert list(nodes) == [str(running.pk)]


def test_lists_artifacts_and_states(api):
    run = make_flow_run()
    task = make_task_run(flow_run=run)
    for columns in (
        {"key": "k", "type": "markdown", "data": "old"},
        {"key": "k", "type": "progress", "data": 50, "task_run_id": task.pk},
        {"type": "markdown"},
        {"type": "result"},
        {"data": {"storage_key": "of a state's result"}},
    ):
        create_artifact(columns={"flow_run_id": run.pk, **columns})

    graph, nodes = graph_of(api, run)

    shown = [(one["type"], one["data"], one["is_latest"]) for one in graph["artifacts"]]
    assert shown == [("markdown", None, False), ("markdown", None, True)]
    assert [(one["data"], one["is_latest"]) for one in nodes[str(task.pk)]["artifacts"]] == [(50, True)]
    assert [state["type"] for state in graph["states"]] == ["RUNNING"]


def test_knows_the_result_of_a_subflow_by_either_of_its_runs(api):
    run = make_flow_run()
    tracking = make_task_run(flow_run=run)
    child = make_flow_run(parent_task_run=tracking)
    task = make_task_run(flow_run=run, task_inputs={"x": [{"input_type": "flow_run", "id": str(child.pk)}]})

    _, nodes = graph_of(api, run)

    assert nodes[str(task.pk)]["parents"] == [{"id": str(child.pk)}]


@pytest.mark.parametrize("form", ["graph", "graph-v2"])
def test_says_that_there_is_no_such_run(api, form):
    response = api.get(f"/flow_runs/{uuid4()}/{form}")

    assert response.status_code == 404
    assert "not found" in response.json()["exception_message"]


def test_answers_the_older_form_too(api):
    run = make_flow_run()
    first = make_task_run(flow_run=run)
    second = make_task_run(flow_run=run, upstream=[first, first])

    rows = {row["id"]: row for row in api.get(f"/flow_runs/{run.pk}/graph").json()}

    assert rows[str(second.pk)]["upstream_dependencies"] == [{"input_type": "task_run", "id": str(first.pk)}]


def test_draws_many_tasks_with_few_queries(api, django_assert_max_num_queries):
    run = make_flow_run()
    for _ in range(30):
        make_task_run(flow_run=run)

    with django_assert_max_num_queries(6):
        assert len(graph_of(api, run)[1]) == 30


@pytest.mark.parametrize(
    "inputs", [{"x": [{"input_type": "task_run", "id": "no uuid"}]}, {"x": ["no object"]}, {"x": "no list"}]
)
@pytest.mark.parametrize("form", ["graph", "graph-v2"])
def test_passes_over_inputs_that_cannot_be_read(api, form, inputs):
    run = make_flow_run()
    make_task_run(flow_run=run, task_inputs=inputs)

    assert api.get(f"/flow_runs/{run.pk}/{form}").status_code == 200
