"""The graph of what waited for what."""

import pytest

from runs.pages.dependencies import MOST_SINGLE_NODES, NODE_WIDTH, around, build_graph
from tests.factories import make_flow_run, make_task_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    return make_flow_run("COMPLETED")


def test_puts_each_task_one_layer_after_the_last_it_waited_for(run):
    first = make_task_run("COMPLETED", flow_run=run)
    second = make_task_run("COMPLETED", flow_run=run, upstream=[first])
    third = make_task_run("COMPLETED", flow_run=run, upstream=[first, second])

    graph = build_graph(tasks=[third, first, second], children={})

    layers = {node.key: node.layer for node in graph.nodes}
    assert [layers[str(task.id)] for task in (first, second, third)] == [0, 1, 2]
    assert graph.edge_count == 3


def test_leads_an_edge_that_skips_a_layer_around_the_boxes(run):
    first = make_task_run("COMPLETED", flow_run=run)
    second = make_task_run("COMPLETED", flow_run=run, upstream=[first])
    third = make_task_run("COMPLETED", flow_run=run, upstream=[first, second])

    graph = build_graph(tasks=[first, second, third], children={})

    assert len(graph.nodes) == 3
    assert len(graph.edges) == 4  # one of the three is drawn in two pieces
    assert any("H" in edge.path for edge in graph.edges)


def test_never_puts_two_boxes_on_one_place(run):
    sources = [make_task_run("COMPLETED", flow_run=run) for _ in range(5)]
    sinks = [make_task_run("COMPLETED", flow_run=run, upstream=sources[number:]) for number in range(5)]

    graph = build_graph(tasks=[*sources, *sinks], children={})

    assert len({(node.x, node.y) for node in graph.nodes}) == 10
    assert all(node.x + NODE_WIDTH <= graph.width and node.y < graph.height for node in graph.nodes)


def test_shares_a_box_between_the_runs_of_one_task_when_there_are_many(run):
    source = make_task_run("COMPLETED", flow_run=run, task="source")
    mapped = [
        make_task_run("COMPLETED", flow_run=run, task="extract", upstream=[source]) for _ in range(MOST_SINGLE_NODES)
    ]
    mapped.append(make_task_run("FAILED", flow_run=run, task="extract", upstream=[source]))

    graph = build_graph(tasks=[source, *mapped], children={})

    assert [node.label for node in graph.nodes] == [source.name, f"extract ×{len(mapped)}"]
    assert graph.nodes[1].tone == "failed"  # what went wrong shows
    assert graph.nodes[1].url == f"?view=timeline&open={mapped[0].task_key}"
    assert graph.nodes[1].words == f"{MOST_SINGLE_NODES} completed, 1 failed"


def test_leads_on_from_a_subflow_whose_result_was_used(run):
    tracking = make_task_run("COMPLETED", flow_run=run)
    child = make_flow_run("COMPLETED", parent_task_run=tracking)
    user = make_task_run(
        "COMPLETED", flow_run=run, task_inputs={"x": [{"input_type": "flow_run", "id": str(child.id)}]}
    )

    graph = build_graph(tasks=[tracking, user], children={tracking.id: child})

    assert graph.edge_count == 1
    assert graph.nodes[0].label == child.name


def test_cuts_a_circle_between_shared_boxes(run):
    pairs = []
    for number in range(MOST_SINGLE_NODES):
        upstream = [pairs[-1]] if pairs else []
        pairs.append(make_task_run("COMPLETED", flow_run=run, task="ping" if number % 2 else "pong", upstream=upstream))
    pairs.append(make_task_run("COMPLETED", flow_run=run, task="ping", upstream=[pairs[-1]]))

    graph = build_graph(tasks=pairs, children={})

    assert len(graph.nodes) == 2
    assert graph.edge_count == 1


def test_draws_only_what_is_near_the_chosen_task(run):
    chain = [make_task_run("COMPLETED", flow_run=run)]
    for _ in range(6):
        chain.append(make_task_run("COMPLETED", flow_run=run, upstream=[chain[-1]]))

    near = around(chain[3].id, chain, {})

    assert near == chain[1:6]
    assert around(run.id, chain, {}) == []  # no task of this run
