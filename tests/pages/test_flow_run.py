"""The page of one flow run."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from runs.models import FlowRun, TaskRun
from runs.pages.flow_run.tasks import TABLE_ROWS
from runs.pages.logs.windows import WINDOW
from runs.services.failures.completing import complete_failures
from tests.factories import make_deployment, make_flow_run, make_logs, make_state, make_task_run, make_work_pool

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


@pytest.mark.parametrize("kinds", [1, 50, 2_000])
def test_opens_a_run_of_two_thousand_tasks(client, kinds, django_assert_max_num_queries):
    """RUN-7: few rows are drawn, however many tasks and kinds of task there are, and the page stays small."""
    run = make_flow_run("COMPLETED", seconds=300)
    state = make_state("COMPLETED")
    TaskRun.objects.bulk_create(
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
        for number in range(2_000)
    )

    with django_assert_max_num_queries(MOST_QUERIES):
        body = client.get(f"/runs/flow-run/{run.id}").content.decode()

    assert 'Tasks <span class="muted">2,000</span>' in body
    assert body.count('<li class="tone-') <= 40
    assert len(body) < 100_000
    assert body.count("<") < 5_000  # two for each element


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
    """RUN-13"""
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


def test_has_links_between_parent_and_subflow_in_both_directions(read):
    """RUN-12"""
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


def test_asks_a_bounded_number_of_questions_about_a_run_that_waits(client, django_assert_max_num_queries):
    """RUN-8: half of them find out why it waits."""
    pool = make_work_pool()
    late = State(StateType.SCHEDULED, name="Late", timestamp=now() - timedelta(minutes=5))
    deployment = make_deployment(pool=pool)
    run = make_flow_run(late, deployment=deployment, flow=deployment.flow, work_queue=pool.default_queue)

    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(f"/runs/flow-run/{run.id}")
