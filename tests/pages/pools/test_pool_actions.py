"""What people do to pools, queues and workers on their pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deployments.models import Worker, WorkPool, WorkQueue
from orchestrator.contract.states import StateType
from orchestrator.contract.times import now
from orchestrator.events.models import Event
from tests.factories import make_deployment, make_flow_run, make_work_pool, make_worker

pytestmark = pytest.mark.django_db
POOL = "/work-pools/work-pool/eu"


@pytest.fixture
def pool():
    return make_work_pool("eu")


@pytest.fixture
def post(client, pool):
    """What the reader sees after a form was posted."""

    def send(path, **fields):
        answer = client.post(f"{POOL}/{path}", fields, follow=True)
        return answer.content.decode()

    return send


def test_pauses_and_resumes_the_pool(post, pool):
    assert "eu is paused" in post("pause")
    pool.refresh_from_db()
    assert pool.is_paused
    assert Event.objects.filter(event="prefect.work-pool.paused").exists()

    post("resume")
    pool.refresh_from_db()
    assert not pool.is_paused


def test_answers_so_that_a_reload_does_nothing_again(client, pool):
    assert client.post(f"{POOL}/pause").status_code == 303


def test_drains_the_pool_and_shows_when_it_is_empty(post, pool):
    run = make_flow_run(StateType.RUNNING, work_queue=pool.default_queue)

    assert "1 run" in post("drain")  # the question
    pool.refresh_from_db()
    assert not pool.is_paused

    page = post("drain", confirmed="1")
    pool.refresh_from_db()
    assert pool.is_paused
    assert "Draining</span>" in page

    run.delete()
    assert "the workers can be stopped without losing work" in post("pause")


@pytest.mark.parametrize(("typed", "limit"), [("7", 7), ("0", 0), ("", None)])
def test_sets_the_limit(post, pool, typed, limit):
    post("limit", limit=typed)

    pool.refresh_from_db()
    assert pool.concurrency_limit == limit


@pytest.mark.parametrize("typed", ["-1", "many", "1.5", "9999999999999"])
def test_refuses_what_is_no_limit(post, pool, typed):
    assert "is no number of runs" in post("limit", limit=typed)

    pool.refresh_from_db()
    assert pool.concurrency_limit is None


def test_asks_before_it_deletes_and_says_what_goes(post, pool):
    make_deployment(pool=pool)
    make_worker(pool)

    page = post("delete")

    assert WorkPool.objects.filter(name="eu").exists()
    assert "Deployments that use it" in page
    assert "<dd>1</dd>" in page

    post("delete", confirmed="1")
    assert not WorkPool.objects.filter(name="eu").exists()


def test_tells_what_the_services_refuse(client):
    make_work_pool("prefect-own")

    page = client.post("/work-pools/work-pool/prefect-own/delete", {"confirmed": "1"}, follow=True).content.decode()

    assert "reserved" in page
    assert WorkPool.objects.filter(name="prefect-own").exists()


def test_makes_a_queue(post, pool):
    post("new-queue", name="urgent", limit="3")

    queue = WorkQueue.objects.get(work_pool=pool, name="urgent")
    assert queue.priority == 2
    assert queue.concurrency_limit == 3


@pytest.mark.parametrize("name", ["", "a/b", "default"])
def test_refuses_a_queue_without_a_usable_name(post, pool, name):
    page = post("new-queue", name=name)

    assert "tone-failed" in page
    assert WorkQueue.objects.filter(work_pool=pool).count() == 1


def test_moves_a_queue_up_and_down(post, pool):
    for number, name in enumerate(("b", "c"), start=2):
        WorkQueue.objects.create(work_pool=pool, name=name, priority=number)

    post("queue/c/up")
    assert order(pool) == ["default", "c", "b"]

    post("queue/default/down")
    assert order(pool) == ["c", "default", "b"]

    assert "served first already" in post("queue/c/up")
    assert "served last already" in post("queue/b/down")


def test_pauses_limits_and_deletes_a_queue(post, pool):
    queue = WorkQueue.objects.create(work_pool=pool, name="b", priority=2)

    post("queue/b/pause")
    post("queue/b/limit", limit="2")
    queue.refresh_from_db()
    assert queue.is_paused
    assert queue.concurrency_limit == 2

    post("queue/b/resume")
    queue.refresh_from_db()
    assert not queue.is_paused

    post("queue/b/delete")
    assert WorkQueue.objects.filter(pk=queue.pk).exists()
    post("queue/b/delete", confirmed="1")
    assert not WorkQueue.objects.filter(pk=queue.pk).exists()


def test_keeps_the_default_queue(post, pool):
    assert "default queue" in post("queue/default/delete", confirmed="1")
    assert WorkQueue.objects.filter(work_pool=pool).count() == 1


def test_forgets_a_worker_that_is_gone_only(post, pool):
    gone, alive = make_worker(pool, "gone"), make_worker(pool, "alive")
    Worker.objects.filter(pk=gone.pk).update(last_heartbeat_time=now() - timedelta(hours=1))

    post("worker/gone/forget")
    assert "stop it first" in post("worker/alive/forget")

    assert list(Worker.objects.values_list("name", flat=True)) == [alive.name]


def test_makes_a_pool(client):
    page = client.post("/work-pools/new", {"name": "us", "type": "celery", "limit": "4"}, follow=True)

    pool = WorkPool.objects.get(name="us")
    assert pool.concurrency_limit == 4
    assert pool.base_job_template["variables"]
    assert "It needs a worker." in page.content.decode()


def test_gives_a_new_pool_the_template_of_its_type(client):
    client.post("/work-pools/new", {"name": "laptop", "type": "process"})

    assert "working_dir" in WorkPool.objects.get(name="laptop").base_job_template["variables"]["properties"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "A name is needed"),
        ({"name": "a/b"}, "A name is needed"),
        ({"name": "eu"}, "already exists"),
        ({"name": "x", "limit": "many"}, "A whole number"),
        ({"name": "x", "template": '{"a": 1,\n  b}'}, "line 2, column 3"),
        ({"name": "x", "template": '{"a": 1}'}, "must contain both"),
        ({"name": "x", "template": "[1]"}, "dictionary"),
    ],
)
def test_says_at_the_field_what_is_wrong_with_a_new_pool(client, pool, fields, said):
    before = WorkPool.objects.count()

    answer = client.post("/work-pools/new", {"type": "celery", **fields})

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert WorkPool.objects.count() == before


def test_changes_a_pool(client, pool):
    template = (
        '{"job_configuration": {"image": "{{ image }}"}, "variables": {"properties": {"image": {"type": "string"}}}}'
    )

    client.post(f"{POOL}/edit", {"description": "Europe", "limit": "", "template": template})

    pool.refresh_from_db()
    assert pool.description == "Europe"
    assert "image" in pool.base_job_template["job_configuration"]


def test_gives_a_pool_the_template_of_its_type_where_the_field_is_left_empty(client):
    pool = make_work_pool("k8s", type="process", base_job_template={"variables": {"properties": {}}})

    client.post(f"/work-pools/work-pool/{pool.name}/edit", {"description": "", "limit": "3", "template": ""})

    pool.refresh_from_db()
    assert pool.concurrency_limit == 3
    assert "command" in pool.base_job_template["variables"]["properties"]


def test_is_closed_to_strangers_where_the_api_is(client, pool, settings):
    settings.API_AUTH = "required"

    assert client.post(f"{POOL}/pause").status_code == 302
    assert client.get("/work-pools/new").status_code == 302
    pool.refresh_from_db()
    assert not pool.is_paused


def test_offers_a_viewer_nothing_and_refuses_what_they_post(client, pool, settings, django_user_model):
    settings.API_AUTH = "required"
    client.force_login(django_user_model.objects.create_user("vera"))

    page = client.get(POOL).content.decode()

    assert "eu" in page
    assert ">Pause</button>" not in page
    assert ">Set</button>" not in page
    assert client.post(f"{POOL}/pause").status_code == 403
    assert client.post(f"{POOL}/queue/default/pause").status_code == 403
    assert client.get(f"{POOL}/edit").status_code == 403


def order(pool):
    return list(WorkQueue.objects.filter(work_pool=pool).order_by("priority").values_list("name", flat=True))
