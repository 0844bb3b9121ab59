"""The page of one task run."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from orchestrator.contract.states import State, StateType
from runs.models import Artifact, CachedState, TaskRun
from runs.models.task_caches import digest_of
from tests.factories import make_flow_run, make_logs, make_task_run

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def read(client):
    return lambda task, query="": client.get(f"/runs/task-run/{task.id}{query}").content.decode()


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def tried_twice() -> TaskRun:
    return make_task_run(
        "FAILED",
        flow_run=make_flow_run("FAILED", started=START),
        task="load",
        started=START,
        seconds=20,
        run_count=2,
        message="Task run encountered an exception KeyError: 'second'",
        history=[
            State(StateType.RUNNING, timestamp=at(1)),
            State(StateType.SCHEDULED, name="AwaitingRetry", message="ValueError: first", timestamp=at(5)),
            State(StateType.RUNNING, name="Retrying", timestamp=at(15)),
        ],
    )


def test_lists_its_tries_in_order_with_their_errors(read):
    """TASK-1: tries in order with errors."""
    task = tried_twice()
    (line,) = make_logs(
        task,
        'Traceback (most recent call last):\n  File "f.py", line 3, in load\nKeyError: <b>',
        level=40,
        started=at(16),
    )

    body = read(task, "?fragment=tries")

    rows = re.findall(r'<tr id="try-(\d)">(.*?)</tr>', body, re.DOTALL)
    assert [number for number, _ in rows] == ["1", "2"]
    assert "ValueError: first" in rows[0][1]
    assert "4.0 s" in rows[0][1]
    assert "Failed" in rows[0][1]
    assert f'<a href="?at={line.id}#L{line.id}">KeyError: &lt;b&gt;</a>' in rows[1][1]


def test_shows_a_try_that_goes_on(read):
    task = make_task_run("RUNNING", started=START)

    body = read(task, "?fragment=tries")

    assert body.count('id="try-') == 1
    assert "data-since" in body


def test_links_to_what_it_was_given_and_to_what_it_feeds(read):
    """TASK-2: upstream and downstream links."""
    run = make_flow_run("COMPLETED")
    upstream = make_task_run("COMPLETED", flow_run=run, task="extract")
    task = make_task_run("COMPLETED", flow_run=run, task="transform", upstream=[upstream])
    downstream = make_task_run("COMPLETED", flow_run=run, task="load", upstream=[task])
    unrelated = make_task_run("COMPLETED", flow_run=run, task="report")
    inside = make_task_run("COMPLETED", flow_run=run, task="inner")
    TaskRun.objects.filter(id=inside.id).update(
        task_inputs={"__parents__": [{"input_type": "task_run", "id": str(task.id)}]}
    )

    body = read(task, "?fragment=relations")

    assert f'<a href="/runs/task-run/{upstream.id}">{upstream.name}</a>' in body
    assert f'<a href="/runs/task-run/{downstream.id}">{downstream.name}</a>' in body
    assert unrelated.name not in body
    assert inside.name not in body


def test_has_the_lines_that_the_run_shows_of_this_task(client, read):
    """TASK-3: the log slice equals the run's log filtered by this task."""
    run = make_flow_run("COMPLETED", started=START)
    task = make_task_run("COMPLETED", flow_run=run, task="load")
    make_logs(task, *(f"mine {number}" for number in range(30)), started=START)
    make_logs(run, "not mine", started=START)

    ids = re.findall(r'<li id="L([^"]+)"', read(task))
    same = client.get(f"/runs/flow-run/{run.id}/logs?task={task.id}").content.decode()

    assert len(ids) == 30
    assert ids == re.findall(r'<li id="L([^"]+)"', same)


def test_tells_what_went_wrong_and_where_it_belongs(read):
    task = tried_twice()

    body = read(task)

    assert "KeyError: &#x27;second&#x27;" in body
    assert f'<a href="/runs/flow-run/{task.flow_run_id}" data-key="u">{task.flow_run.name}</a>' in body
    assert body.count("<h1>") == 1


def test_tells_how_it_is_configured_and_what_it_made(read):
    task = make_task_run("COMPLETED", flow_run=make_flow_run("COMPLETED"))
    artifact = Artifact.objects.create(key="report", type="markdown", task_run_id=task.id)
    TaskRun.objects.filter(id=task.id).update(
        empirical_policy={"retries": 3, "retry_delay": [10, 20.5]}, cache_key="rows-of-eu"
    )

    body = read(task, "?fragment=facts")

    assert "3, after 10 s, 20.5 s" in body
    assert "rows-of-eu" in body
    assert f'href="/artifacts/artifact/{artifact.id}"' in body


@pytest.mark.parametrize("is_known_to_server", [True, False])
def test_says_whose_result_a_cached_one_has(read, is_known_to_server):
    run = make_flow_run("COMPLETED")
    source = make_task_run(
        State(StateType.COMPLETED, details={"cache_key": "rows-of-eu"}), flow_run=run, task="extract"
    )
    if is_known_to_server:
        CachedState.objects.create(key_digest=digest_of("rows-of-eu"), state_id=source.state_id)
        TaskRun.objects.filter(id=source.id).update(flow_run=make_flow_run("COMPLETED"))
    cached = make_task_run(
        State(StateType.COMPLETED, name="Cached", details={"cache_key": "rows-of-eu"}), flow_run=run, task="extract"
    )

    assert f'<dd><a href="/runs/task-run/{source.id}">{source.name}</a></dd>' in read(cached)
    assert "Result taken from" not in read(source)


def test_reads_a_task_that_no_flow_called(read):
    task = make_task_run("COMPLETED")
    task.flow_run = None
    task.save()

    body = read(task)

    assert f"<h1>{task.name}</h1>" in body
    assert f'data-live="tasks:{task.id}"' in body


@pytest.mark.parametrize("part", ["header", "tries", "relations", "facts", "logs"])
def test_serves_each_part_as_it_stands_in_the_page(read, part):
    task = make_task_run("COMPLETED")
    make_logs(task, "mine")

    assert read(task, f"?fragment={part}").strip() in read(task)


def test_asks_a_bounded_number_of_questions(client, django_assert_max_num_queries):
    run = make_flow_run("COMPLETED")
    upstream = [make_task_run("COMPLETED", flow_run=run) for _ in range(10)]
    task = make_task_run("FAILED", flow_run=run, upstream=upstream)
    for _ in range(10):
        make_task_run("COMPLETED", flow_run=run, upstream=[task])
    make_logs(task, "one", "two", level=40)

    with django_assert_max_num_queries(14):
        client.get(f"/runs/task-run/{task.id}")
    with django_assert_max_num_queries(4):
        client.get(f"/runs/task-run/{task.id}?fragment=header")


def test_helps_on_when_there_is_no_such_task_run(client):
    response = client.get(f"/runs/task-run/{uuid4()}/")

    assert response.status_code == 404
    assert "There is no such task run" in response.content.decode()
