"""Runs that were taken and never began."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.contract.states import State, StateType, Status
from orchestrator.contract.times import format_time, now
from orchestrator.web.models import WebPulse
from runs.models import Claim, FlowRun, Heartbeat, Rescue
from runs.orchestration.transition import RunKind
from runs.services.lazarus import raise_the_lost
from runs.services.transitions import propose_state
from tests.factories import make_deployment, make_flow_run, make_task_run, make_work_pool

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(minutes=11)


@pytest.fixture(autouse=True)
def api_up():
    at = now()
    return WebPulse.objects.create(started_at=at - timedelta(hours=1), last_seen=at)


def pending_run(name="Pending", *, since=LONG_AGO, **columns):
    if "deployment" not in columns:
        columns["deployment"] = make_deployment(pool=make_work_pool(type="docker"))
    return make_flow_run(State(StateType.PENDING, name=name, timestamp=now() - since), **columns)


def retried_run(*, due=LONG_AGO, **columns):
    details = {"scheduled_time": format_time(now() - due)}
    state = State(StateType.SCHEDULED, name="AwaitingRetry", timestamp=now() - due, details=details)
    return make_flow_run(state, **{"empirical_policy": {"retry_type": "in_process", "retries": 3}} | columns)


def again(run):
    """Somebody takes the run, long ago, and does not begin it."""
    propose(run, "PENDING")
    FlowRun.objects.filter(pk=run.pk).update(state_timestamp=now() - LONG_AGO)


def propose(run, type_):
    return propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=State(StateType(type_)))


def state_of(run):
    run.refresh_from_db()
    return run.state_type


@pytest.mark.parametrize("name", ["Pending", "Submitting", "InfrastructurePending"])
def test_schedules_a_run_anew_that_was_taken_and_did_not_begin(name):
    run = pending_run(name, infrastructure_pid="container-1")

    assert raise_the_lost() == 1
    assert (state_of(run), run.state_name) == ("SCHEDULED", "AwaitingRetry")
    assert f"it was {name} since" in run.state["message"]
    assert run.state["message"].endswith("scheduled anew, 1 of 3 times.")
    assert run.infrastructure_pid is None
    assert run in FlowRun.objects.due(now() + timedelta(seconds=1))


def test_gives_whoever_took_it_the_time_to_begin():
    pending_run(since=timedelta(minutes=9))

    assert raise_the_lost() == 0


def test_fails_a_run_that_did_not_begin_after_three_times():
    run = pending_run()
    for _ in range(3):
        assert raise_the_lost() == 1
        assert state_of(run) == "SCHEDULED"
        again(run)

    raise_the_lost()

    assert state_of(run) == "FAILED"
    assert "scheduled anew 3 times already" in run.state["message"]


def test_counts_anew_when_the_run_has_run_since():
    run = pending_run()
    raise_the_lost()
    propose(run, "PENDING")
    propose(run, "RUNNING")
    propose(run, "FAILED")
    propose(run, "SCHEDULED")
    again(run)

    raise_the_lost()

    assert Rescue.objects.get().attempts == 1


def test_does_not_try_at_all_when_told_so(settings):
    settings.LAZARUS_ATTEMPTS = 0
    run = pending_run()

    raise_the_lost()

    assert state_of(run) == "FAILED"


def test_lets_a_slow_starter_begin_after_all():
    run = pending_run()
    raise_the_lost()

    assert propose(run, "RUNNING").status is Status.ACCEPT
    assert propose(run, "PENDING").status is Status.ABORT


def test_leaves_to_the_lease_what_one_of_our_workers_holds():
    run = pending_run()
    at = now()
    Claim.objects.create(flow_run=run, attempt=1, worker_name="w", claimed_at=at, lease_expires_at=at)

    assert raise_the_lost() == 0


def test_leaves_a_process_that_gives_signs_of_life():
    at = now()
    Heartbeat.objects.create(flow_run=pending_run(), last_at=at, silent_after=at)

    assert raise_the_lost() == 0


def test_crashes_a_run_that_nobody_else_could_begin():
    run = pending_run(deployment=None)

    raise_the_lost()

    assert state_of(run) == "CRASHED"


def test_leaves_a_subflow_that_waits_for_its_inputs():
    pending_run(deployment=None, parent_task_run=make_task_run())

    assert raise_the_lost() == 0


def test_waits_until_everybody_could_reach_the_api_again():
    pending_run()
    WebPulse.objects.update(started_at=now() - timedelta(seconds=30))

    assert raise_the_lost() == 0

    WebPulse.objects.update(started_at=now() - timedelta(seconds=61))

    assert raise_the_lost() == 1


def test_lets_others_begin_a_run_whose_process_was_to_try_again():
    run = retried_run(deployment=make_deployment())

    assert raise_the_lost() == 1
    assert (state_of(run), run.empirical_policy["retry_type"]) == ("SCHEDULED", "reschedule")
    assert "did not; it is scheduled anew" in run.state["message"]


def test_crashes_it_when_there_are_no_others():
    run = retried_run()

    raise_the_lost()

    assert state_of(run) == "CRASHED"


def test_leaves_a_retry_that_is_not_due_for_long():
    retried_run(due=timedelta(minutes=5))

    assert raise_the_lost() == 0


def test_leaves_a_run_that_waits_for_workers():
    retried_run(empirical_policy={"retry_type": "reschedule"})

    assert raise_the_lost() == 0
