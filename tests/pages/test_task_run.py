"""The page of one task run."""

from uuid import uuid4

import pytest

from orchestrator.contract.states import State, StateType
from tests.factories import make_flow_run, make_logs, make_task_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(client):
    return lambda task, query="": client.get(f"/runs/task-run/{task.id}{query}").content.decode()


def test_tells_its_tries_its_inputs_and_its_own_log(read):
    run = make_flow_run("FAILED")
    upstream = make_task_run("COMPLETED", flow_run=run, task="extract")
    retry = State(StateType.SCHEDULED, name="AwaitingRetry", message="Retry 1 of 1")
    task = make_task_run(
        "FAILED", flow_run=run, task="load", upstream=[upstream], history=[retry], run_count=2, message="KeyError"
    )
    make_logs(task, "mine")
    make_logs(upstream, "not mine")

    body = read(task)

    assert "Retry 1 of 1" in body
    assert f'<a href="/runs/task-run/{upstream.id}">{upstream.name}</a>' in body
    assert "mine</span>" in body
    assert "not mine" not in body
    assert f'<a href="/runs/flow-run/{run.id}">{run.name}</a>' in body


def test_reads_a_task_that_no_flow_called(read):
    task = make_task_run("COMPLETED")
    task.flow_run = None
    task.save()

    assert f"<h1>{task.name}</h1>" in read(task)


@pytest.mark.parametrize("part", ["header", "states", "facts", "logs"])
def test_serves_each_part_as_it_stands_in_the_page(read, part):
    task = make_task_run("COMPLETED")
    make_logs(task, "mine")

    assert read(task, f"?fragment={part}").strip() in read(task)


def test_asks_a_bounded_number_of_questions(client, django_assert_max_num_queries):
    run = make_flow_run("COMPLETED")
    upstream = [make_task_run("COMPLETED", flow_run=run) for _ in range(10)]
    task = make_task_run("FAILED", flow_run=run, upstream=upstream)

    with django_assert_max_num_queries(10):
        client.get(f"/runs/task-run/{task.id}")


def test_helps_on_when_there_is_no_such_task_run(client):
    response = client.get(f"/runs/task-run/{uuid4()}/")

    assert response.status_code == 404
    assert "There is no such task run" in response.content.decode()
