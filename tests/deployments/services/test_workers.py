"""Workers that live, and workers that fell silent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deployments.errors import WorkerNotFound, WorkPoolNotFound
from deployments.models import Worker, WorkPool
from deployments.services.work_pools import create_work_pool, update_work_pool
from deployments.services.workers import delete_worker, mark_workers_offline, record_heartbeat
from orchestrator.contract.times import now
from orchestrator.events.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def pool():
    return create_work_pool(name="local", type="celery")


def silence(worker):
    Worker.objects.filter(pk=worker.pk).update(silent_after=now() - timedelta(seconds=1))


def status_of(pool):
    return WorkPool.objects.get(pk=pool.pk).status


def test_makes_its_pool_ready(pool):
    record_heartbeat(pool_name="local", worker_name="w1")

    assert status_of(pool) == "READY"
    assert Event.objects.filter(event="prefect.work-pool.ready").count() == 1


def test_says_ready_once(pool):
    record_heartbeat(pool_name="local", worker_name="w1")
    record_heartbeat(pool_name="local", worker_name="w1")

    assert Worker.objects.count() == 1
    assert Event.objects.filter(event="prefect.work-pool.ready").count() == 1


def test_leaves_a_paused_pool_paused(pool):
    update_work_pool(name="local", changes={"is_paused": True})

    record_heartbeat(pool_name="local", worker_name="w1")

    assert status_of(pool) == "PAUSED"


def test_is_silent_after_three_missed_heartbeats(pool):
    worker = record_heartbeat(pool_name="local", worker_name="w1", heartbeat_interval_seconds=10)

    assert worker.silent_after - worker.last_heartbeat_time == timedelta(seconds=30)


def test_goes_offline_when_silent_and_takes_the_readiness_of_the_pool_with_it(pool):
    silence(record_heartbeat(pool_name="local", worker_name="w1"))

    assert mark_workers_offline(up_since=now() - timedelta(hours=1)) == 1
    assert Worker.objects.get().status == "OFFLINE"
    assert status_of(pool) == "NOT_READY"


def test_leaves_the_pool_ready_while_another_worker_lives(pool):
    silence(record_heartbeat(pool_name="local", worker_name="w1"))
    record_heartbeat(pool_name="local", worker_name="w2")

    assert mark_workers_offline(up_since=now() - timedelta(hours=1)) == 1
    assert status_of(pool) == "READY"


def test_does_nothing_when_nobody_is_silent(pool):
    record_heartbeat(pool_name="local", worker_name="w1")

    assert mark_workers_offline(up_since=now() - timedelta(hours=1)) == 0


def test_needs_a_pool_that_exists():
    with pytest.raises(WorkPoolNotFound, match="nowhere"):
        record_heartbeat(pool_name="nowhere", worker_name="w1")


def test_cannot_be_deleted_twice(pool):
    record_heartbeat(pool_name="local", worker_name="w1")
    delete_worker(pool_name="local", worker_name="w1")

    with pytest.raises(WorkerNotFound):
        delete_worker(pool_name="local", worker_name="w1")
