"""The page of one flow run."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from deployments.models import WorkQueue
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from runs.models import FlowRun, TaskRun
from runs.pages.flow_run.tasks import TABLE_ROWS
from runs.pages.logs.windows import WINDOW
from runs.services.failures.completing import complete_failures
from tests.factories import (
    make_deployment,
    make_flow_run,
    make_logs,
    make_state,
    make_task_run,
    make_work_pool,
)
from tests.pages.markup import without_style

pytestmark = pytest.mark.django_db
MOST_QUERIES = 14


@pytest.fixture
def read(client):
    """The page of a run as text."""
    return lambda run, query="": client.get(f"/runs/flow-run/{run.id}{query}").content.decode()


@pytest.fixture
def failed_run():
    run = make_flow_run(
        "FAILED",
        started=now() - timedelta(hours=1),
        message="Flow run encountered an exception: KeyError: 'table'",
        parameters={"region": "eu", "options": {"mode": "upsert"}},
        tags=["prod"],
        history=[State(StateType.RUNNING, timestamp=now() - timedelta(hours=1))],
        deployment=make_deployment(name="nightly"),
    )
    first = make_task_run("COMPLETED", flow_run=run, task="extract", started=run.start_time)
    load = make_task_run("FAILED", flow_run=run, task="load", upstream=[first], started=run.start_time, run_count=2)
    make_logs(run, "Beginning")
    make_logs(load, "it broke", level=40)
    complete_failures(flow_run_ids=[run.id], task_run_ids=[load.id])
    run.refresh_from_db()
    return run


@pytest.mark.parametrize("prefix", ["/runs/flow-run/", "/flow-runs/flow-run/", "/v2/runs/flow-run/"])
@pytest.mark.parametrize("end", ["", "/"])
def test_answers_at_every_address_that_clients_print(client, prefix, end):
    run = make_flow_run("COMPLETED")

    assert client.get(f"{prefix}{run.id}{end}").status_code == 200


def test_tells_all_that_matters_without_a_click(read, failed_run):
    body = read(failed_run)

    assert f"<h1>{failed_run.name}</h1>" in body
    assert body.count("<h1>") == 1
    assert "KeyError: &#x27;table&#x27;</strong>" in body
    assert "after 2 tries" in body
    assert "nightly" in body
    assert "region=&quot;eu&quot;" in body
    assert "it broke" in body
    assert 'class="tag"' in body


@pytest.mark.parametrize("view", ["timeline", "graph", "table"])
def test_asks_a_bounded_number_of_questions(client, failed_run, view, django_assert_max_num_queries):
    for _ in range(30):
        task = make_task_run("COMPLETED", flow_run=failed_run, run_count=2)
        make_flow_run("COMPLETED", parent_task_run=task)
        make_logs(task, "a line")

    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(f"/runs/flow-run/{failed_run.id}?view={view}")


@pytest.mark.parametrize("part", ["header", "facts", "tasks", "logs"])
def test_serves_each_part_as_it_stands_in_the_page(client, failed_run, part):
    page = without_token(client.get(f"/runs/flow-run/{failed_run.id}").content.decode())
    fragment = without_token(client.get(f"/runs/flow-run/{failed_run.id}?fragment={part}").content.decode())

    assert f'id="part-{part}"' in fragment
    assert fragment.strip() in page
    assert "<h1>" in fragment if part == "header" else "<h1>" not in fragment


def without_token(body: str) -> str:
    return re.sub(r'value="[A-Za-z0-9]{64}"', 'value=""', body)


def test_draws_the_tasks_with_links_to_them(read, failed_run):
    body = read(failed_run)

    for task in failed_run.task_runs.all():
        assert f'<a href="/runs/task-run/{task.id}" data-task="{task.id}" class="tone-' in body
    assert 'aria-label="2 task runs in' in body


def test_shows_dependencies_as_a_graph_and_as_a_table(read, failed_run):
    extract, load = failed_run.task_runs.order_by("name")

    graph, table = read(failed_run, "?view=graph"), read(failed_run, "?view=table")

    assert "2 tasks and 1 dependencies" in graph
    assert table.count(f">{extract.name}</a>") == 2  # its own row, and what load waited for
    assert table.count(f">{load.name}</a>") == 3  # the failure card, its own row, and what extract feeds


@pytest.mark.parametrize(("tasks", "kinds"), [(401, 1), (401, 401), (2_000, 1), (2_000, 50), (2_000, 2_000)])
@pytest.mark.parametrize("query", ["", "?open=task0"])
def test_opens_a_run_of_many_tasks(client, tasks, kinds, query, django_assert_max_num_queries):
    """RUN-7: few rows are drawn, however many tasks and kinds of task there are, and the page stays small."""
    run = make_flow_run("COMPLETED", seconds=300)
    state = make_state("COMPLETED")
    made = [
        TaskRun(
            flow_run=run,
            name=f"task{number % kinds}-{number:03x}",
            task_key=f"task{number % kinds}",
            dynamic_key=str(number),
            state=state.to_wire(),
            state_type=state.type,
            state_name=state.name,
            expected_start_time=run.start_time + timedelta(milliseconds=100 * number),
            start_time=run.start_time + timedelta(milliseconds=100 * number),
            end_time=run.start_time + timedelta(milliseconds=100 * number + 5_000),
            run_count=1,
        )
        for number in range(tasks)
    ]
    for number in range(kinds, tasks):  # each waited for the one before of every kind, or of its own
        before = made[number - kinds : number] if kinds <= 50 else made[number - kinds : number - kinds + 1]
        made[number].task_inputs = {"x": [{"input_type": "task_run", "id": str(one.id)} for one in before]}
    TaskRun.objects.bulk_create(made)

    with django_assert_max_num_queries(MOST_QUERIES):
        body = client.get(f"/runs/flow-run/{run.id}{query}").content.decode()

    assert f'Tasks <span class="muted">{tasks:,}</span>' in body
    assert body.count('<li class="tone-') <= 40
    assert len(without_style(body)) < 100_000
    assert len(re.findall("<[a-z]", body)) < 2_500  # elements


def test_puts_what_went_wrong_first_in_the_table_unless_asked_for_the_order_of_time(read):
    run = make_flow_run("FAILED")
    good = make_task_run("COMPLETED", flow_run=run, started=run.start_time)
    bad = make_task_run("FAILED", flow_run=run, started=run.start_time + timedelta(seconds=2), message="it broke")

    usual, by_start = read(run, "?view=table"), read(run, "?view=table&order=start")

    assert re.findall(r'<tr id="task-([^"]+)"', usual) == [str(bad.id), str(good.id)]
    assert re.findall(r'<tr id="task-([^"]+)"', by_start) == [str(good.id), str(bad.id)]
    assert "it broke" in usual
    assert f"/runs/tasks/?run={run.id}&amp;range=all" in usual


def test_turns_the_pages_of_a_long_table(read):
    run = make_flow_run("COMPLETED")
    for number in range(TABLE_ROWS + 1):
        make_task_run("COMPLETED", flow_run=run, started=run.start_time + timedelta(milliseconds=number))

    first, second, lost = (read(run, f"?view=table&first={start}") for start in (0, TABLE_ROWS, "nonsense"))

    assert first.count('<tr id="task-') == TABLE_ROWS
    assert second.count('<tr id="task-') == 1
    assert lost.count('<tr id="task-') == TABLE_ROWS
    assert f"first={TABLE_ROWS}" in first


def test_offers_the_attempts_of_a_run_that_was_begun_again(read):
    """RUN-13: each can be looked at alone."""
    began = now() - timedelta(minutes=10)
    history = [
        State(StateType.RUNNING, timestamp=began),
        State(StateType.FAILED, timestamp=began + timedelta(minutes=2)),
        State(StateType.RUNNING, timestamp=began + timedelta(minutes=5)),
    ]
    ended = State(StateType.COMPLETED, timestamp=began + timedelta(minutes=6))
    run = make_flow_run(ended, started=began, seconds=360, history=history, run_count=2)
    early = make_task_run("FAILED", flow_run=run, task_key="a", started=began, seconds=30)
    late = make_task_run("COMPLETED", flow_run=run, task_key="b", started=began + timedelta(minutes=5), seconds=30)

    both, second = read(run), read(run, "?attempt=2")

    assert 'aria-label="Attempt"' in both
    assert f'data-task="{early.id}"' in both
    assert f'data-task="{early.id}"' not in second
    assert f'data-task="{late.id}"' in second


def test_unfolds_a_subflow_in_the_timeline(read):
    """RUN-12: its tasks are shown on demand."""
    parent = make_flow_run("RUNNING", name="parent-run")
    task = make_task_run("COMPLETED", flow_run=parent)
    child = make_flow_run("COMPLETED", name="child-run", parent_task_run=task)
    inner = make_task_run("COMPLETED", flow_run=child)

    body, unfolded = read(parent), read(parent, f"?sub={child.id}")

    assert f"?sub={child.id}" in body  # unfolds it
    assert inner.name not in body
    assert inner.name in unfolded


def test_escapes_what_the_run_logged(read):
    run = make_flow_run("RUNNING", parameters={"<i>": "</pre><script>"})
    make_logs(run, "<script>alert(1)</script> & <b>bold</b>")

    body = read(run)

    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;bold" in body
    assert "<script>alert" not in body
    assert "<i>:" not in body


def test_shows_the_end_of_the_log_while_the_run_goes_on(read):
    run = make_flow_run("RUNNING")
    make_logs(run, *(f"line {number}." for number in range(WINDOW + 1)))

    body = read(run)

    assert "line 0." not in body
    assert f"line {WINDOW}." in body
    assert "Earlier lines" in body
    assert " data-follow>" in body


def test_shows_the_beginning_of_the_log_of_a_run_that_ended_well(read):
    run = make_flow_run("COMPLETED")
    make_logs(run, *(f"line {number}." for number in range(WINDOW + 1)))

    body = read(run)

    assert "line 0." in body
    assert "Later lines" in body


def test_restores_from_its_address_what_was_looked_at(read):
    """RUN-6: the chosen task, the level, the searched text and the line; also the stretch of time."""
    run = make_flow_run("FAILED", seconds=60)
    task = make_task_run("FAILED", flow_run=run, task="load", started=run.start_time + timedelta(seconds=5))
    other = make_task_run("COMPLETED", flow_run=run, task="other", started=run.start_time)
    (line,) = make_logs(task, "x went wrong", level=40, started=run.start_time + timedelta(seconds=6))
    make_logs(task, "x is fine", level=20)
    make_logs(other, "x elsewhere", level=40)

    body = read(run, f"?task={task.id}&level=error&q=x&t0=4&t1=20&at={line.id}")

    assert re.search(rf"Chosen: <a [^>]*>{task.name}</a>", body)
    assert re.search(rf'<option value="{task.id}" selected>', body)
    assert 'name="q" value="x"' in body
    assert f'<li id="L{line.id}"' in body
    assert "x elsewhere" not in body
    assert 'data-t0="4.0" data-t1="20.0"' in body


def test_gives_every_line_an_address(read):
    run = make_flow_run("COMPLETED")
    (line,) = make_logs(run, "here")

    body = read(run, f"?at={line.id}")

    assert f'<li id="L{line.id}"' in body


def test_filters_the_log_by_its_address(read):
    run = make_flow_run("COMPLETED")
    make_logs(run, "quiet")
    make_logs(run, "loud", level=40)

    assert "quiet</span>" not in read(run, "?level=error")
    assert "loud</span>" in read(run, "?level=error")
    assert "No line matches this filter." in read(run, "?q=nonsense")


def test_hands_out_only_new_lines_to_a_page_that_has_the_others(client, read):
    run = make_flow_run("RUNNING")
    after = re.search(r'id="log"[^>]* data-after="([^"]*)"', read(run))[1]
    (line,) = make_logs(run, "new")

    body = client.get(f"/runs/flow-run/{run.id}", {"fragment": "logs", "after": after, "counts": "1"}).content.decode()

    assert f'id="L{line.id}"' in body
    assert 'id="log-levels"' in body  # with the numbers of lines as they are now
    assert "<h1>" not in body


def test_leads_to_the_parent_and_to_the_subflows(read):
    """RUN-12: subflow and parent link to each other."""
    parent = make_flow_run("RUNNING", name="parent-run")
    child = make_flow_run("COMPLETED", name="child-run", parent_task_run=make_task_run("COMPLETED", flow_run=parent))

    assert f'<a href="/runs/flow-run/{child.id}">child-run</a>' in read(parent)
    assert f'<a href="/runs/flow-run/{parent.id}">parent-run</a>' in read(child)


def test_says_why_a_run_does_not_begin(read):
    """RUN-8: with what would end it."""
    pool = make_work_pool("docker-eu")
    late = State(StateType.SCHEDULED, name="Late", timestamp=now() - timedelta(minutes=5))
    run = make_flow_run(late, deployment=make_deployment(pool=pool), work_queue=pool.default_queue)

    body = read(run)

    assert '<section id="why"' in body
    assert "Why is it not running?" in body
    assert "/work-pools/work-pool/docker-eu" in body
    assert "orchestrator worker start --pool docker-eu" in body


def test_helps_on_when_there_is_no_such_run(client):
    missing = uuid4()

    response = client.get(f"/runs/flow-run/{missing}")

    assert response.status_code == 404
    assert str(missing) in response.content.decode()
    assert 'name="q"' in response.content.decode()


def test_helps_on_at_an_address_that_means_nothing(client):
    response = client.get("/runs/flow-run/<script>")

    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()
    assert "<script>" not in response.content.decode().replace('<script src="', "")


def test_speaks_json_where_the_api_has_no_such_address(client):
    response = client.get("/api/nonsense")

    assert response.status_code == 404
    assert response.json() == {"detail": "Not Found"}


def test_cancels_the_run_on_request(client):
    run = make_flow_run("RUNNING", infrastructure_pid="host:1")

    response = client.post(f"/runs/flow-run/{run.id}/cancel")

    assert (response.status_code, response.url) == (303, f"/runs/flow-run/{run.id}")
    assert FlowRun.objects.get(id=run.id).state_type in (StateType.CANCELLING, StateType.CANCELLED)
    assert "The run is asked to stop." in client.get(response.url).content.decode()


def test_says_so_when_a_run_can_no_longer_be_cancelled(client):
    run = make_flow_run("COMPLETED")

    response = client.post(f"/runs/flow-run/{run.id}/cancel", follow=True)

    assert "The run was not cancelled" in response.content.decode()
    assert FlowRun.objects.get(id=run.id).state_type == StateType.COMPLETED


def test_cancels_only_for_its_own_form(client, strict_client):
    run = make_flow_run("RUNNING")

    assert strict_client.post(f"/runs/flow-run/{run.id}/cancel").status_code == 403
    assert client.get(f"/runs/flow-run/{run.id}/cancel").status_code == 405


@pytest.fixture
def strict_client():
    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize(
    ("state", "offered"), [("RUNNING", True), ("PENDING", True), ("CANCELLING", False), ("COMPLETED", False)]
)
def test_offers_to_cancel_what_is_not_finished(read, state, offered):
    assert ("Cancel run" in read(make_flow_run(state))) is offered


@pytest.mark.parametrize("logged", [("beginning", 20), ("it broke", 40)])
def test_asks_a_bounded_number_of_questions_about_a_run_that_crashed(client, logged, django_assert_max_num_queries):
    deployment = make_deployment()
    run = make_flow_run("CRASHED", deployment=deployment, flow=deployment.flow, message="The process ended: signal 9.")
    task = make_task_run("CRASHED", flow_run=run)
    make_logs(task, logged[0], level=logged[1])
    complete_failures(flow_run_ids=[run.id], task_run_ids=[task.id])

    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(f"/runs/flow-run/{run.id}")


@pytest.mark.parametrize("state", ["PENDING", "PAUSED", "CANCELLING", "Late", "AwaitingRetry"])
def test_asks_a_bounded_number_of_questions_about_a_run_that_waits(client, state, django_assert_max_num_queries):
    """RUN-8: half of them find out why it waits."""
    pool = make_work_pool()
    queue = WorkQueue.objects.create(work_pool=pool, name="slow", priority=5)
    deployment = make_deployment(pool=pool)
    if state in ("Late", "AwaitingRetry"):
        state = State(StateType.SCHEDULED, name=state, timestamp=now() - timedelta(minutes=5))
    run = make_flow_run(
        state,
        deployment=deployment,
        flow=deployment.flow,
        work_queue=queue,
        run_count=1,
        started=now() - timedelta(minutes=9),
        next_scheduled_start_time=now() - timedelta(minutes=5),
    )
    make_logs(make_task_run("FAILED", flow_run=run, run_count=2), "it broke", level=40)

    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(f"/runs/flow-run/{run.id}")
