"""A pool that is deleted while others use it: nobody waits for another in a circle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection

from deployments.errors import DeploymentsError
from deployments.models import Worker, WorkPool
from deployments.services.claims import claim_from_pool
from deployments.services.hand_out import hand_out_to_worker
from deployments.services.work_pools import create_work_pool, delete_work_pool
from deployments.services.work_queues import create_work_queue, update_work_queue
from deployments.services.workers import record_heartbeat
from orchestrator.contract.times import now
from runs.errors import RunsError
from tests.factories import make_deployment, make_flow_run

pytestmark = pytest.mark.django_db(transaction=True)

USERS = 6


def in_threads(*calls):
    """Runs the calls at once; returns what the database complained of."""

    def attempt(call):
        try:
            call()
        except (DeploymentsError, RunsError):
            return None  # the pool is gone, or full
        except DatabaseError as error:
            print(error)
            return str(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [complaint for complaint in pool.map(attempt, calls) if complaint]


@pytest.fixture
def runs():
    pool = create_work_pool(name="local", type="celery", concurrency_limit=3)
    deployment = make_deployment(pool=pool)
    record_heartbeat(pool_name="local", worker_name="w")
    return [
        make_flow_run(
            "SCHEDULED",
            flow=deployment.flow,
            deployment=deployment,
            work_queue=pool.default_queue,
            next_scheduled_start_time=now() - timedelta(seconds=1),
        )
        for _ in range(USERS)
    ]


@pytest.mark.parametrize("attempt", range(3))
def test_lets_claims_heartbeats_and_hand_outs_finish(runs, attempt, monkeypatch):
    monkeypatch.setattr("deployments.services.dispatch.readers_of", lambda pools: {})
    claims = [lambda run=run: claim_from_pool(pool_name="local", flow_run_id=run.pk, worker_name="w") for run in runs]
    beats = [lambda name=name: record_heartbeat(pool_name="local", worker_name=name) for name in ("w", "v")]

    complaints = in_threads(
        *claims[:3],
        lambda: delete_work_pool(name="local"),
        *claims[3:],
        *beats,
        lambda: hand_out_to_worker(pool_name="local"),
    )

    assert complaints == []
    assert not WorkPool.objects.filter(name="local").exists()
    assert not Worker.objects.exists()


def test_gives_out_no_more_than_the_limit_however_many_ask(runs):
    taken = []

    def take(run):
        taken.append(claim_from_pool(pool_name="local", flow_run_id=run.pk, worker_name="w"))

    assert in_threads(*[lambda run=run: take(run) for run in runs]) == []
    assert len(taken) == 3


def test_lets_two_queues_change_places_at_once(runs):
    first = create_work_queue(pool_name="local", name="first")
    second = create_work_queue(pool_name="local", name="second")

    complaints = in_threads(
        lambda: update_work_queue(queue_id=first.pk, changes={"priority": 3}),
        lambda: update_work_queue(queue_id=second.pk, changes={"priority": 2}),
        lambda: create_work_queue(pool_name="local", name="third", priority=1),
    )

    assert complaints == []
