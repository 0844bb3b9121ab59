"""Who looks ready and who really is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deployments.models import Deployment, Worker, WorkPool, WorkQueue
from deployments.services import readiness
from deployments.services.foreman import look_around
from deployments.services.hand_out import hand_out_to_worker
from deployments.services.workers import record_heartbeat
from orchestrator.contract.times import now
from orchestrator.events.models import Event
from orchestrator.web.models import WebPulse
from tests.factories import make_deployment, make_work_pool

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def api_up():
    at = now()
    return WebPulse.objects.create(started_at=at - timedelta(hours=1), last_seen=at)


@pytest.fixture
def polled():
    """A deployment of a pool that a worker of another kind asked for work just now."""
    pool = make_work_pool(type="process")
    deployment = make_deployment(pool=pool)
    hand_out_to_worker(pool_name=pool.name)
    return deployment


def let_time_pass(by=LONG_AGO):
    for model in (WorkQueue, Deployment):
        for row in model.objects.exclude(last_polled=None):
            model.objects.filter(pk=row.pk).update(last_polled=row.last_polled - by)
    for worker in Worker.objects.all():
        Worker.objects.filter(pk=worker.pk).update(
            silent_after=worker.silent_after - by, last_heartbeat_time=worker.last_heartbeat_time - by
        )


def statuses(deployment):
    return [
        str(model.objects.get(pk=pk).status)
        for model, pk in (
            (WorkPool, deployment.work_queue.work_pool_id),
            (WorkQueue, deployment.work_queue_id),
            (Deployment, deployment.pk),
        )
    ]


def events(name):
    return list(Event.objects.filter(event=name))


def test_takes_the_readiness_of_what_nobody_polls(polled):
    let_time_pass()

    marked = look_around()

    assert marked == 2
    assert statuses(polled)[1:] == ["NOT_READY", "NOT_READY"]
    (of_queue,) = events("prefect.work-queue.not-ready")
    assert of_queue.resource["prefect.resource.role"] == "work-queue"
    assert of_queue.related[0]["prefect.resource.role"] == "work-pool"
    (of_deployment,) = events("prefect.deployment.not-ready")
    assert of_deployment.resource["prefect.resource.id"] == f"prefect.deployment.{polled.pk}"


def test_says_so_once(polled):
    let_time_pass()
    look_around()

    assert look_around() == 0
    assert len(events("prefect.work-queue.not-ready")) == 1


def test_leaves_what_was_polled_in_the_last_minute(polled):
    let_time_pass(timedelta(seconds=55))

    assert look_around() == 0
    assert statuses(polled)[1:] == ["READY", "READY"]


def test_leaves_a_deployment_ready_whose_queue_is_polled(polled):
    Deployment.objects.update(last_polled=now() - LONG_AGO)

    assert look_around() == 0


def test_takes_the_readiness_of_a_served_deployment_without_a_queue():
    deployment = make_deployment(status="READY", last_polled=now() - LONG_AGO)

    assert look_around() == 1
    assert Deployment.objects.get(pk=deployment.pk).status == "NOT_READY"


def test_leaves_paused_queues_paused(polled):
    WorkQueue.objects.update(status="PAUSED", is_paused=True)
    let_time_pass()

    look_around()

    assert WorkQueue.objects.get(pk=polled.work_queue_id).status == "PAUSED"


def test_does_not_touch_when_it_was_updated(polled):
    before = Deployment.objects.get(pk=polled.pk).updated
    let_time_pass()

    look_around()

    assert Deployment.objects.get(pk=polled.pk).updated == before


def test_counts_our_own_workers_as_polling():
    deployment = make_deployment(pool=make_work_pool("ours"))

    record_heartbeat(pool_name="ours", worker_name="w")

    assert statuses(deployment) == ["READY", "READY", "READY"]
    assert len(events("prefect.deployment.ready")) == 1


def test_makes_a_deployment_ready_that_came_after_the_worker():
    pool = make_work_pool("ours")
    record_heartbeat(pool_name="ours", worker_name="w")
    deployment = make_deployment(pool=pool)

    look_around()

    assert statuses(deployment) == ["READY", "READY", "READY"]


def test_asks_as_much_however_many_deployments_change(django_assert_num_queries):
    pool = make_work_pool("ours")
    record_heartbeat(pool_name="ours", worker_name="w")
    look_around()
    with CaptureQueriesContext(connection) as of_none:
        look_around()
    made = [make_deployment(name=f"d{number}", pool=pool) for number in range(5)]

    # The begin and end of the transaction, those to change, their status, the events and what these are about.
    with django_assert_num_queries(len(of_none) + 6):
        look_around()

    assert set(Deployment.objects.values_list("status", flat=True)) == {"READY"}
    told = [event.resource["prefect.resource.id"] for event in events("prefect.deployment.ready")]
    assert sorted(told) == sorted(f"prefect.deployment.{each.pk}" for each in made)


def test_looks_after_so_many_deployments_at_a_time(monkeypatch):
    monkeypatch.setattr(readiness, "BATCH", 3)
    monkeypatch.setattr(readiness, "PIECE", 2)
    pool = make_work_pool("ours")
    record_heartbeat(pool_name="ours", worker_name="w")
    for number in range(5):
        make_deployment(name=f"d{number}", pool=pool)

    look_around()
    after_one = len(events("prefect.deployment.ready"))
    look_around()

    assert (after_one, len(events("prefect.deployment.ready"))) == (3, 5)


def test_keeps_what_our_own_workers_serve_ready():
    deployment = make_deployment(pool=make_work_pool("ours"))
    record_heartbeat(pool_name="ours", worker_name="w")
    WorkQueue.objects.update(last_polled=now() - LONG_AGO)
    Deployment.objects.update(last_polled=now() - LONG_AGO)

    assert look_around() == 0
    assert statuses(deployment) == ["READY", "READY", "READY"]


def test_serves_only_the_queues_that_a_worker_names():
    pool = make_work_pool("ours")
    other = WorkQueue.objects.create(work_pool=pool, name="other", priority=2)
    record_heartbeat(pool_name="ours", worker_name="w")
    Worker.objects.update(work_queue_names=["other"])
    WorkQueue.objects.update(last_polled=now() - LONG_AGO, status="READY")

    look_around()

    assert WorkQueue.objects.get(pk=other.pk).status == "READY"
    assert WorkQueue.objects.get(pk=pool.default_queue_id).status == "NOT_READY"


def test_takes_everything_that_a_silent_worker_of_ours_served():
    deployment = make_deployment(pool=make_work_pool("ours"))
    record_heartbeat(pool_name="ours", worker_name="w")
    let_time_pass()

    marked = look_around()

    assert marked == 3
    assert Worker.objects.get().status == "OFFLINE"
    assert statuses(deployment) == ["NOT_READY", "NOT_READY", "NOT_READY"]
    assert len(events("prefect.work-pool.not-ready")) == 1


def test_takes_the_readiness_of_a_pool_whose_worker_was_deleted():
    make_work_pool("ours")
    record_heartbeat(pool_name="ours", worker_name="w")
    Worker.objects.all().delete()

    assert look_around() == 1
    assert WorkPool.objects.get(name="ours").status == "NOT_READY"


def test_counts_silence_only_from_the_return_of_the_api_on(api_up, polled):
    record_heartbeat(pool_name=polled.work_queue.work_pool.name, worker_name="w")
    let_time_pass()
    WebPulse.objects.update(started_at=now() - timedelta(seconds=20))

    assert look_around() == 0

    WebPulse.objects.update(started_at=now() - timedelta(seconds=100))

    assert look_around() == 3


def test_does_nothing_while_the_api_is_away(api_up, polled):
    let_time_pass()
    api_up.delete()

    assert look_around() == 0
