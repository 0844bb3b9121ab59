"""The page of one work pool, and those of its queues and workers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deployments.models import Worker, WorkQueue
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from runs.models import Claim
from tests.factories import make_deployment, make_flow_run, make_work_pool, make_worker

pytestmark = pytest.mark.django_db
MOST_QUERIES = 14


@pytest.fixture
def pool():
    return make_work_pool("docker-eu", description="What runs in Europe")


@pytest.fixture
def shown(client, pool):
    """The pool's page as text, or that of something in it."""
    return lambda more="": client.get(f"/work-pools/work-pool/docker-eu{more}", follow=True).content.decode()


def planned(pool, *, minutes, name="Scheduled"):
    state = State(
        StateType.SCHEDULED, name=name, details={"scheduled_time": format_time(now() + timedelta(minutes=minutes))}
    )
    return make_flow_run(state, work_queue=pool.default_queue)


def heard(worker, *, seconds_ago):
    """The worker beats every 30 s, and was last heard so long ago."""
    at = now() - timedelta(seconds=seconds_ago)
    Worker.objects.filter(pk=worker.pk).update(
        last_heartbeat_time=at, heartbeat_interval_seconds=30, silent_after=at + timedelta(seconds=90)
    )


@pytest.mark.parametrize(
    ("seconds_ago", "is_offline"),
    [
        (5, False),
        (45, False),  # one heartbeat is late
        (51, True),  # which leaves 10 s of 2 × 30 s to a page that is open
    ],
)
def test_tells_that_a_worker_died(shown, pool, seconds_ago, is_offline):
    """POOL-1: within two heartbeats, before the foreman does anything about it."""
    worker = make_worker(pool)
    heard(worker, seconds_ago=seconds_ago)

    page = shown("?fragment=workers")

    assert ("Offline</span> since" in page) == is_offline


def test_knows_a_worker_that_said_goodbye(shown, pool):
    worker = make_worker(pool)
    Worker.objects.update(status=Worker.Status.OFFLINE, silent_after=worker.last_heartbeat_time)

    assert "It said goodbye." in shown("?fragment=workers")


def test_lists_what_waits_by_its_time(shown, pool):
    """POOL-4: the soonest first, and nothing of later than 24 hours unless it is asked for."""
    tomorrow = planned(pool, minutes=60 * 25)
    soon = planned(pool, minutes=10)
    late = planned(pool, minutes=-10, name="Late")

    page, all_of_it = shown("?fragment=runs"), shown("?fragment=runs&planned=all")

    assert page.index(late.name) < page.index(soon.name)
    assert tomorrow.name not in page
    assert tomorrow.name in all_of_it


def test_lists_what_is_under_way_with_its_worker(shown, pool):
    run = make_flow_run(StateType.RUNNING, work_queue=pool.default_queue)
    Claim.objects.create(flow_run=run, attempt=1, worker_name="w-1", claimed_at=now(), lease_expires_at=now())
    elsewhere = make_flow_run(StateType.RUNNING, work_queue=make_work_pool().default_queue)

    page = shown("?fragment=runs")

    assert f'href="/runs/flow-run/{run.id}"' in page
    assert 'href="/work-pools/work-pool/docker-eu/worker/w-1"' in page
    assert elsewhere.name not in page


def test_looks_again_by_itself_without_scripts_while_something_runs(shown, pool):
    refresh = '<noscript><meta http-equiv="refresh" content="15"></noscript>'
    idle = shown()

    make_flow_run(StateType.RUNNING, work_queue=pool.default_queue)

    assert refresh not in idle
    assert refresh in shown()


def test_is_found_by_its_identifier(client, pool):
    """LINK-2: as clients print it in their links."""
    answer = client.get(f"/work-pools/work-pool/{pool.id}")

    assert answer.status_code == 302
    assert answer.url == "/work-pools/work-pool/docker-eu"


@pytest.mark.parametrize("end", ["", "/"])
def test_answers_with_and_without_a_slash(client, pool, end):
    """LINK-3: every page of the pool."""
    worker = make_worker(pool, "w-1")
    base = "/work-pools/work-pool/docker-eu"

    pages = [base, f"{base}/queue/default", f"{base}/worker/{worker.id}", "/work-pools/new", f"{base}/edit"]

    assert {client.get(page + end).status_code for page in pages} == {200}


def test_leads_from_the_link_of_a_queue_to_its_page(client, pool):
    """LINK-1: the format that clients print."""
    answer = client.get(f"/work-queues/work-queue/{pool.default_queue_id}")

    assert answer.status_code == 302
    assert answer.url == "/work-pools/work-pool/docker-eu/queue/default"


@pytest.mark.parametrize(
    "path",
    [
        "/work-pools/work-pool/nowhere",
        "/work-pools/work-pool/docker-eu/queue/nowhere",
        "/work-pools/work-pool/docker-eu/worker/nowhere",
        "/work-queues/work-queue/0198c0de-0000-7000-8000-000000000000",
    ],
)
def test_says_what_there_is_not(client, pool, path):
    assert client.get(path).status_code == 404


def test_says_how_to_start_a_worker(shown, pool):
    page = shown()

    assert "orchestrator worker start --pool docker-eu" in page
    assert "export ORCHESTRATOR_API_URL=http://testserver/api" in page


def test_gives_the_command_of_other_workers_for_their_pools(client):
    make_work_pool("laptop", type="process")

    page = client.get("/work-pools/work-pool/laptop").content.decode()

    assert "prefect worker start --pool laptop --type process" in page


def test_shows_the_queues_by_priority(shown, pool):
    WorkQueue.objects.create(work_pool=pool, name="slow", priority=7)
    WorkQueue.objects.create(work_pool=pool, name="urgent", priority=2)

    page = shown("?fragment=queues")

    assert page.index(">default</a>") < page.index(">urgent</a>") < page.index(">slow</a>")


def test_shows_the_template_for_jobs(shown):
    page = shown()

    assert "soft_time_limit_seconds" in page
    assert "Base job template" in page


def test_shows_a_queue_with_its_runs_and_deployments(shown, pool):
    run, other = planned(pool, minutes=-1), make_work_pool()
    elsewhere = planned(other, minutes=-1)
    deployment = make_deployment(pool=pool, name="nightly")

    page = shown("/queue/default")

    assert run.name in page
    assert elsewhere.name not in page
    assert f'href="/deployments/deployment/{deployment.id}"' in page
    assert "--queue default" in page


def test_shows_a_worker_with_what_it_executes(shown, pool):
    worker = make_worker(pool, "w-1")
    run, ended = (make_flow_run(StateType.RUNNING, work_queue=pool.default_queue) for _ in range(2))
    Claim.objects.create(flow_run=run, attempt=1, worker_name="w-1", claimed_at=now(), lease_expires_at=now())
    Claim.objects.create(
        flow_run=ended,
        attempt=1,
        worker_name="w-1",
        claimed_at=now(),
        lease_expires_at=now(),
        ended_at=now(),
        outcome=Claim.Outcome.FINISHED,
    )

    page = shown(f"/worker/{worker.name}")

    assert "Online</span>" in page
    assert page.index(run.name) < page.index("Executed of late") < page.index(ended.name)


def test_shows_the_version_and_the_host_that_a_worker_tells(api, shown, pool):
    beat = {"name": "w-1", "metadata": {"version": "1.2.3", "host": "box.example", "process_id": 7}}

    api.post("/work_pools/docker-eu/workers/heartbeat", beat)

    assert "<td>1.2.3</td>" in shown("?fragment=workers")
    assert "<td>box.example</td>" in shown("?fragment=workers")


@pytest.mark.parametrize(("metadata", "is_told"), [({"process_id": 4711, "host": "vm-1"}, True), ({}, False)])
def test_says_how_to_drain_a_worker(shown, pool, metadata, is_told):
    worker = make_worker(pool)
    Worker.objects.filter(pk=worker.pk).update(metadata=metadata)

    page = shown(f"/worker/{worker.name}")

    assert ("<pre>kill -TERM 4711</pre>" in page) == is_told
    assert ("On vm-1:" in page) == is_told


def test_escapes_what_workers_say(shown, pool):
    make_worker(pool, "<script>")

    page = shown("?fragment=workers")

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("more", "most"),
    [("", MOST_QUERIES), ("/queue/default", MOST_QUERIES), ("/worker/w-1", MOST_QUERIES), ("?fragment=queues", 8)],
)
def test_asks_a_bounded_number_of_questions(client, pool, django_assert_max_num_queries, more, most):
    for number in range(4):
        WorkQueue.objects.create(work_pool=pool, name=f"q{number}", priority=number + 2)
        make_worker(pool, f"w-{number}")
        make_deployment(pool=pool)
        planned(pool, minutes=-number)
        run = make_flow_run(StateType.RUNNING, work_queue=pool.default_queue)
        Claim.objects.create(
            flow_run=run, attempt=1, worker_name=f"w-{number}", claimed_at=now(), lease_expires_at=now()
        )

    with django_assert_max_num_queries(most):
        client.get(f"/work-pools/work-pool/docker-eu{more}")


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ("", "pool"),
        ("", "queues"),
        ("", "workers"),
        ("", "runs"),
        ("/queue/default", "queue"),
        ("/queue/default", "runs"),
        ("/worker/w-1", "worker"),
    ],
)
def test_answers_its_live_parts_alone(client, pool, more, part):
    make_worker(pool, "w-1")

    answer = client.get(f"/work-pools/work-pool/docker-eu{more}?fragment={part}").content.decode()

    assert answer.startswith(f'<section id="{part}"')
    assert answer.count("<section") + answer.count('<div class="card">') < 4
