"""Planned runs that are forgotten while a worker takes one of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from time import sleep

import pytest
from django.db import connection, transaction

from deployments.services.deployments import delete_deployment, pause_deployment, update_deployment
from orchestrator.contract.times import now
from runs.models import Claim, FlowRun
from runs.services.claims import claim_run
from runs.services.transitions import locked_run_to_claim
from tests.factories import make_deployment, make_flow_run

pytestmark = pytest.mark.django_db(transaction=True)

A_MOMENT = 0.4  # seconds, in which the other has to reach the rows that are locked


def planned_run(deployment, *, due_in_seconds=-1.0):
    return make_flow_run(
        "SCHEDULED",
        flow=deployment.flow,
        deployment=deployment,
        auto_scheduled=True,
        next_scheduled_start_time=now() + timedelta(seconds=due_in_seconds),
    )


def while_it_is_taken(run, do):
    """Calls `do` in the middle of a worker's claim: the run is locked, its limit is not yet, nothing is committed."""
    locked = Event()

    def take():
        try:
            with transaction.atomic():
                locked_run_to_claim(run.pk)
                locked.set()
                sleep(A_MOMENT)
                claim_run(flow_run_id=run.pk, worker_name="w")
        finally:
            locked.set()
            connection.close()

    def interfere():
        try:
            assert locked.wait(10)
            do()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for outcome in [pool.submit(take), pool.submit(interfere)]:
            outcome.result()


@pytest.mark.parametrize("forget", [pause_deployment, delete_deployment])
def test_leaves_the_run_that_is_taken_in_this_moment(forget):
    deployment = make_deployment()
    taken, waiting = planned_run(deployment), planned_run(deployment)

    while_it_is_taken(taken, lambda: forget(deployment_id=deployment.pk))

    assert list(FlowRun.objects.all()) == [taken]
    assert Claim.objects.held().get().flow_run_id == taken.pk
    assert waiting not in FlowRun.objects.all()


def test_lets_a_limit_change_while_one_of_its_runs_is_taken():
    deployment = make_deployment()
    update_deployment(deployment_id=deployment.pk, changes={"concurrency_limit": 1})
    # Workers are let in a little before the time, while the run is one that lies ahead.
    run = planned_run(deployment, due_in_seconds=A_MOMENT + 0.5)

    while_it_is_taken(run, lambda: update_deployment(deployment_id=deployment.pk, changes={"concurrency_limit": 2}))

    deployment.refresh_from_db()
    assert deployment.global_concurrency_limit.limit == 2
    assert Claim.objects.held().get().flow_run_id == run.pk
