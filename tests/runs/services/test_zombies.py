"""Runs whose process is dead, and runs that only seem so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from orchestrator.contract.states import State, StateType, Status
from orchestrator.contract.times import now
from orchestrator.events.models import Event
from orchestrator.web.models import WebPulse
from runs.models import Claim, Heartbeat
from runs.orchestration.transition import RunKind
from runs.services import zombies
from runs.services.transitions import propose_state
from runs.services.zombies import end_dead_runs, end_unheard_runs, has_silent_runs
from tests.factories import make_deployment, make_flow_run, make_task_run

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(minutes=10)


@pytest.fixture(autouse=True)
def api_up():
    at = now()
    return WebPulse.objects.create(started_at=at - timedelta(hours=1), last_seen=at)


def heard_of(run, seconds_ago, *, patience=60, **columns):
    last_at = now() - timedelta(seconds=seconds_ago)
    silent_after = last_at + timedelta(seconds=patience)
    columns = {"interval_seconds": 20, **columns}
    return Heartbeat.objects.create(flow_run=run, last_at=last_at, silent_after=silent_after, **columns)


def silent_run(state=StateType.RUNNING, **columns):
    run = make_flow_run(state, started=now() - LONG_AGO, **columns)
    heard_of(run, 65, host="far.example", process_id=77)
    return run


def state_of(run):
    run.refresh_from_db()
    return run.state_type


def message_of(run):
    run.refresh_from_db()
    return run.state["message"]


def propose(run, type_, **options):
    return propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=State(StateType(type_)), **options)


def test_crashes_a_run_that_gives_no_sign_of_life_any_more():
    run = silent_run()

    assert end_dead_runs() == 1
    assert state_of(run) == "CRASHED"
    assert "(process 77 on far.example) gave no sign of life for 65 seconds, the last at 20" in message_of(run)
    assert Event.objects.filter(event="prefect.flow-run.Crashed").count() == 1


def test_leaves_a_run_that_was_heard_of_in_time():
    run = make_flow_run(started=now() - LONG_AGO)
    heard_of(run, 55)

    assert end_dead_runs() == 0
    assert state_of(run) == "RUNNING"


def test_knows_whether_a_run_is_silent():
    heard_of(make_flow_run(started=now() - LONG_AGO), 5)
    before = has_silent_runs()
    silent_run()
    silent = has_silent_runs()
    end_dead_runs()

    assert (before, silent, has_silent_runs()) == (False, True, False)


def test_looks_for_runs_that_were_never_heard_of_wherever_that_is_wanted(settings):
    settings.ZOMBIE_UNHEARD_SECONDS = 60

    assert has_silent_runs()


def test_does_it_once():
    silent_run()
    end_dead_runs()

    assert end_dead_runs() == 0


def test_crashes_what_ran_in_the_same_process():
    run = silent_run()
    task = make_task_run(flow_run=run)
    subflow = make_flow_run(parent_task_run=make_task_run(flow_run=run))
    elsewhere = make_flow_run(parent_task_run=make_task_run(flow_run=run), deployment=make_deployment())

    end_dead_runs()

    assert [state_of(each) for each in (task, subflow, elsewhere)] == ["CRASHED", "CRASHED", "RUNNING"]


def test_retries_a_run_that_has_retries_left_and_a_deployment():
    policy = {"retries": 2, "retry_delay": 30, "retry_type": "in_process"}
    run = silent_run(deployment=make_deployment(), empirical_policy=policy, infrastructure_pid="h:1")

    end_dead_runs()

    assert state_of(run) == "SCHEDULED"
    assert run.state_name == "AwaitingRetry"
    assert message_of(run).endswith("retry 1 of 2 follows.")
    assert 25 < (run.next_scheduled_start_time - now()).total_seconds() <= 30
    assert (run.empirical_policy["retry_type"], run.infrastructure_pid) == ("reschedule", None)


def test_crashes_a_run_that_used_up_its_retries():
    run = silent_run(deployment=make_deployment(), empirical_policy={"retries": 1}, run_count=2)

    end_dead_runs()

    assert state_of(run) == "CRASHED"
    assert message_of(run).endswith("no retries are left.")


def test_crashes_a_run_without_a_deployment_although_it_has_retries():
    run = silent_run(empirical_policy={"retries": 3})

    end_dead_runs()

    assert state_of(run) == "CRASHED"


def test_cancels_a_run_that_was_being_cancelled():
    run = silent_run(StateType.CANCELLING)
    run.state_timestamp = now() - LONG_AGO
    run.save()

    end_dead_runs()

    assert state_of(run) == "CANCELLED"
    assert message_of(run).endswith("while the run was being cancelled.")


def test_finds_the_dead_process_of_a_run_that_it_was_to_try_again():
    run = silent_run(StateType.SCHEDULED, empirical_policy={"retry_type": "in_process"})
    run.state_timestamp = now() - LONG_AGO
    run.save()

    assert end_dead_runs() == 1
    assert state_of(run) == "CRASHED"


def test_leaves_a_run_that_waits_for_anybody():
    run = silent_run(StateType.SCHEDULED, empirical_policy={"retry_type": "reschedule"})

    assert end_dead_runs() == 0
    assert state_of(run) == "SCHEDULED"
    assert not Heartbeat.objects.exists()


def test_forgets_runs_that_ended():
    silent_run(StateType.COMPLETED)

    assert end_dead_runs() == 0
    assert not Heartbeat.objects.exists()


def test_leaves_to_the_lease_what_one_of_our_workers_holds():
    run = silent_run()
    at = now()
    Claim.objects.create(flow_run=run, attempt=1, worker_name="w", claimed_at=at, lease_expires_at=at)

    assert end_dead_runs() == 0
    assert state_of(run) == "RUNNING"


def test_counts_silence_only_from_the_return_of_the_api_on():
    run = silent_run()
    WebPulse.objects.update(started_at=now() - timedelta(seconds=30))

    assert end_dead_runs() == 0
    assert state_of(run) == "RUNNING"

    WebPulse.objects.update(started_at=now() - timedelta(seconds=61))
    Heartbeat.objects.update(last_at=now() - LONG_AGO, silent_after=now() - LONG_AGO + timedelta(seconds=60))

    assert end_dead_runs() == 1


def test_waits_no_longer_each_time_it_looks():
    run = silent_run()
    WebPulse.objects.update(started_at=now() - timedelta(seconds=59))
    assert end_dead_runs() == 0

    WebPulse.objects.update(started_at=now() - timedelta(seconds=61))
    Heartbeat.objects.update(silent_after=now() - timedelta(seconds=1))  # what it was put off to is over

    assert end_dead_runs() == 1
    assert state_of(run) == "CRASHED"


def test_ends_a_run_whose_state_changed_after_its_process_had_died():
    run = silent_run()
    run.state_timestamp = now() - timedelta(seconds=61)  # resumed, for instance
    run.save()
    Heartbeat.objects.update(last_at=now() - LONG_AGO)

    assert end_dead_runs() == 1


def test_does_nothing_while_the_api_is_away(api_up):
    run = silent_run()
    api_up.delete()

    assert end_dead_runs() == 0
    assert state_of(run) == "RUNNING"


def test_takes_the_beginning_of_an_attempt_for_a_sign_of_life():
    run = make_flow_run(started=now() - timedelta(seconds=20))
    heard_of(run, 300)

    assert end_dead_runs() == 0
    assert state_of(run) == "RUNNING"


@pytest.mark.parametrize("proposed", ["COMPLETED", "FAILED", "RUNNING"])
def test_refuses_a_process_that_was_taken_for_dead_and_comes_back(proposed):
    run = silent_run()
    end_dead_runs()

    answer = propose(run, proposed)

    assert answer.status is Status.ABORT
    assert "taken for dead" in answer.reason
    assert state_of(run) == "CRASHED"


def test_refuses_it_while_the_run_waits_for_another_process():
    run = silent_run(deployment=make_deployment(), empirical_policy={"retries": 2})
    end_dead_runs()

    assert propose(run, "COMPLETED").status is Status.ABORT
    assert propose(run, "PENDING").status is Status.ACCEPT
    assert propose(run, "RUNNING").status is Status.ACCEPT


def test_refuses_what_it_says_of_its_subflows():
    run = silent_run()
    subflow = make_flow_run(parent_task_run=make_task_run(flow_run=run))
    end_dead_runs()

    assert propose(subflow, "COMPLETED").status is Status.ABORT


def test_lets_people_set_what_they_want():
    run = silent_run()
    end_dead_runs()

    assert propose(run, "COMPLETED", force=True).status is Status.ACCEPT


def test_goes_on_when_one_run_resists(monkeypatch):
    from django.db import DatabaseError

    resists, other = silent_run(), silent_run()
    real = zombies._look_at_silent

    def look(run, **options):
        if run.pk == resists.pk:
            raise DatabaseError
        return real(run, **options)

    monkeypatch.setattr(zombies, "_look_at_silent", look)

    assert end_dead_runs() == 1
    assert state_of(other) == "CRASHED"


def test_never_ends_a_run_that_never_was_heard_of():
    run = make_flow_run(started=now() - timedelta(days=3))

    assert (end_dead_runs(), end_unheard_runs()) == (0, 0)
    assert state_of(run) == "RUNNING"


def test_ends_it_when_that_is_wanted(settings):
    settings.ZOMBIE_UNHEARD_SECONDS = 60
    run, young = make_flow_run(started=now() - LONG_AGO), make_flow_run(started=now() - timedelta(seconds=30))
    heard = make_flow_run(started=now() - LONG_AGO)
    heard_of(heard, 10)

    assert end_unheard_runs() == 1
    assert [state_of(each) for each in (run, young, heard)] == ["CRASHED", "RUNNING", "RUNNING"]
    assert "without any sign of life" in message_of(run)


@pytest.mark.django_db(transaction=True)
def test_ends_a_run_once_when_two_look_at_the_same_moment():
    runs = [silent_run() for _ in range(5)]

    def look(_):
        try:
            return end_dead_runs()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        ended = sum(threads.map(look, range(4)))

    assert ended == 5
    assert {state_of(run) for run in runs} == {"CRASHED"}
    assert Event.objects.filter(event="prefect.flow-run.Crashed").count() == 5
