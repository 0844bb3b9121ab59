"""The list of work pools."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from deployments.models import Worker, WorkPool, WorkQueue
from deployments.pages import badges
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from tests.factories import make_flow_run, make_work_pool, make_worker

pytestmark = pytest.mark.django_db
MOST_QUERIES = 8


@pytest.fixture
def shown(client):
    """The list as text."""
    return lambda query="": client.get(f"/work-pools/{query}").content.decode()


def waiting_run(pool, *, minutes=5, name="Late", **columns):
    """A run that is due for so long."""
    due = now() - timedelta(minutes=minutes)
    state = State(StateType.SCHEDULED, name=name, details={"scheduled_time": format_time(due)})
    return make_flow_run(state, work_queue=pool.default_queue, **columns)


def row_of(page, pool):
    """The row of one pool."""
    return page.partition(f'id="pool-{pool.id}"')[2].partition("</tr>")[0]


def test_marks_a_pool_without_a_worker_whose_runs_wait(shown):
    """POOL-2: and says how many wait, and since when."""
    pool = make_work_pool("lonely")
    waiting_run(pool, minutes=84)
    waiting_run(pool)

    page = shown()

    assert "tone-late" in row_of(page, pool)
    assert "No worker</span>" in row_of(page, pool)
    assert "2 runs wait, the oldest for 1 h." in row_of(page, pool)
    assert "has runs to do and no worker" in page


def test_counts_pools_in_trouble_in_the_navigation(client):
    """POOL-2: paused ones, and those with a worker, are none."""
    badges.register()
    waiting_run(make_work_pool())
    waiting_run(make_work_pool(is_paused=True))
    served = make_work_pool()
    for _ in range(2):
        make_worker(served)
    waiting_run(served)

    assert "1 work pool has runs to do and no worker" in client.get("/services").content.decode()


def test_shows_the_running_of_the_limit(shown):
    """POOL-3: the bar is as long as the share of the limit that runs."""
    pool = make_work_pool(concurrency_limit=4)
    make_worker(pool)
    make_flow_run(StateType.RUNNING, work_queue=pool.default_queue)
    make_flow_run(StateType.PENDING, work_queue=pool.default_queue)
    make_flow_run(StateType.COMPLETED, work_queue=pool.default_queue)

    row = row_of(shown(), pool)

    assert 'aria-label="2 running of a limit of 4"' in row
    assert 'width="32.0"' in row
    assert "2 / 4" in row


def test_says_that_a_pool_is_full(shown):
    pool = make_work_pool(concurrency_limit=1)
    make_worker(pool)
    make_flow_run(StateType.RUNNING, work_queue=pool.default_queue)
    waiting_run(pool)

    row = row_of(shown(), pool)

    assert "Full</span>" in row
    assert "1 of 1 places are taken, 1 run waits." in row


def test_counts_what_waits_what_is_late_and_what_ended_in_the_last_hour(shown):
    pool = make_work_pool()
    make_worker(pool)
    waiting_run(pool)
    waiting_run(pool, name="Scheduled", minutes=1)
    waiting_run(pool, name="Scheduled", minutes=-60)
    make_flow_run(StateType.COMPLETED, work_queue=pool.default_queue, seconds=5)
    make_flow_run(StateType.FAILED, work_queue=pool.default_queue, started=now() - timedelta(hours=3), seconds=5)

    row = row_of(shown(), pool)

    assert '<td class="num">2</td>' in row  # waiting: not the one of later
    assert '<td class="num ink tone-late">1</td>' in row
    assert '<td class="num">1</td>' in row  # ended


def test_tells_a_paused_pool_that_drains(shown):
    pool = make_work_pool(is_paused=True)
    make_flow_run(StateType.RUNNING, work_queue=pool.default_queue)

    assert "Draining</span>" in row_of(shown(), pool)


def test_tells_that_workers_are_cut_off_from_the_broker(shown):
    pool = make_work_pool()
    make_worker(pool)
    Worker.objects.update(broker_state=Worker.BrokerState.LOST)

    assert "Its workers cannot reach the broker." in row_of(shown(), pool)


def test_shows_when_it_was_last_asked_for_work(shown):
    pool = make_work_pool()
    WorkQueue.objects.filter(work_pool=pool).update(last_polled=now() - timedelta(minutes=4))

    assert "4 min ago" in row_of(shown(), pool)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?q=eu", ["docker-eu"]),
        ("?type=process", ["laptop"]),
        ("?state=paused", ["laptop"]),
        ("?state=trouble", ["docker-eu"]),
        ("?q=nothing", []),
    ],
)
def test_narrows_the_list_by_what_the_address_says(shown, query, names):
    waiting_run(make_work_pool("docker-eu"))
    make_work_pool("laptop", type="process", is_paused=True)

    page = shown(query)

    assert [name for name in ("docker-eu", "laptop") if f">{name}</a></td>" in page] == names


def test_sorts_by_type(shown):
    make_work_pool("a", type="z")
    make_work_pool("b", type="y")

    page = shown("?sort=type")

    assert page.index(">b</a></td>") < page.index(">a</a></td>")


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("-late", ["busy", "free", "idle"]),
        ("late", ["free", "idle", "busy"]),
        ("-wait", ["busy", "free", "idle"]),
        ("-queued", ["busy", "free", "idle"]),
        ("-workers", ["free", "busy", "idle"]),
        ("-state", ["busy", "idle", "free"]),
        ("-running", ["free", "busy", "idle"]),
        ("-polled", ["idle", "busy", "free"]),
        ("-done", ["idle", "busy", "free"]),
        ("no-such-order", ["busy", "free", "idle"]),
    ],
)
def test_sorts_by_what_goes_on(shown, sort, names):
    busy, free, idle = (make_work_pool(name) for name in ("busy", "free", "idle"))
    make_worker(free)
    waiting_run(busy)
    make_flow_run("RUNNING", work_queue=free.default_queue)
    make_flow_run("COMPLETED", work_queue=idle.default_queue, started=now() - timedelta(minutes=9))
    WorkQueue.objects.filter(work_pool=idle).update(last_polled=now())

    page = shown(f"?sort={sort}&q=")

    assert sorted(names, key=lambda name: page.index(f">{name}</a></td>")) == names


def test_turns_pages_in_the_order_of_what_goes_on(client):
    for number in range(60):
        waiting_run(make_work_pool(f"pool-{number:02}"), minutes=number + 1)

    first = client.get("/work-pools/?sort=-wait&size=25&q=pool-").context
    second = client.get(f"/work-pools/?sort=-wait&size=25&q=pool-&older={first['page'].older}").context
    back = client.get(f"/work-pools/?sort=-wait&size=25&q=pool-&newer={second['page'].newer}").context

    assert [row.pool.name for row in first["rows"]] == [f"pool-{number:02}" for number in range(59, 34, -1)]
    assert [row.pool.name for row in second["rows"]] == [f"pool-{number:02}" for number in range(34, 9, -1)]
    assert [row.pool for row in back["rows"]] == [row.pool for row in first["rows"]]
    assert back["page"].newer is None


@pytest.mark.parametrize(
    ("columns", "places", "reason"),
    [
        ({"is_paused": True}, None, "Queue default is paused."),
        ({"concurrency_limit": 1}, None, "Queue default is full."),
        ({}, 1, "Every place of its workers is taken: 1 of 1."),
        ({}, 4, "Its workers have not begun what is in default."),
    ],
)
def test_says_why_runs_of_a_pool_with_workers_are_late(shown, columns, places, reason):
    pool = make_work_pool("k8s")
    make_worker(pool)
    Worker.objects.filter(work_pool=pool).update(concurrency=places)
    waiting_run(pool)
    make_flow_run("RUNNING", work_queue=pool.default_queue)
    WorkQueue.objects.filter(work_pool=pool).update(**columns)

    row = row_of(shown(), pool)

    assert "Behind</span>" in row
    assert f"1 run waits for 5 min. {reason}" in row


def test_says_how_to_make_the_first_pool(shown):
    WorkPool.objects.all().delete()

    assert "orchestrator work-pool create default" in shown()


def test_gives_the_list_as_a_file(client):
    waiting_run(make_work_pool("docker-eu", concurrency_limit=3))

    answer = client.get("/work-pools/?export=json&q=docker")
    (row,) = json.loads(b"".join(answer.streaming_content))

    assert row["name"] == "docker-eu"
    assert row["waiting"] == 1
    assert row["concurrency_limit"] == 3


def test_answers_its_live_part_alone(client):
    pool = make_work_pool()

    part = client.get("/work-pools/?fragment=pools").content.decode()

    assert part.startswith("<section")
    assert pool.name in part


def test_asks_as_much_of_many_pools_as_of_one(client, django_assert_max_num_queries):
    for _ in range(5):
        pool = make_work_pool()
        make_worker(pool)
        waiting_run(pool)
        make_flow_run(StateType.RUNNING, work_queue=pool.default_queue)

    for query in ("", "?sort=-late"):
        with django_assert_max_num_queries(MOST_QUERIES):
            client.get(f"/work-pools/{query}")
