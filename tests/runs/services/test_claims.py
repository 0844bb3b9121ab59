"""Who executes a run, and what happens when nobody does any more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from time import sleep
from uuid import uuid4

import pytest
from django.db import OperationalError, connection, transaction

from orchestrator.contract.states import State, StateType, Status
from orchestrator.contract.times import format_time, now
from orchestrator.web.models import WebPulse
from runs.errors import ClaimNotHeld, ClaimRefused, RunNotFound
from runs.models import Claim, FlowRun
from runs.orchestration.transition import RunKind
from runs.services import claims as claims_service
from runs.services.claims import (
    claim_run,
    has_expired_claims,
    held_claims,
    reclaim_lost_runs,
    release_claim,
    renew_claim,
    report_lost,
)
from runs.services.flow_runs import Plan, create_flow_run
from runs.services.flows import get_or_create_flow
from runs.services.resuming import resume_flow_run
from runs.services.transitions import propose_state
from tests.factories import make_deployment, make_flow_run, make_task_run, make_work_pool
from tests.runs.pools import pool_of

pytestmark = pytest.mark.django_db


def scheduled(seconds_from_now=0.0, **plan):
    flow, _ = get_or_create_flow(name="analysis")
    due = format_time(now() + timedelta(seconds=seconds_from_now))
    state = State(type=StateType.SCHEDULED, details={"scheduled_time": due})
    run, _ = create_flow_run(plan=Plan(flow_id=flow.pk, state=state, **plan))
    return run


def propose(run, type_, claim=None, force=False):
    return propose_state(
        kind=RunKind.FLOW_RUN,
        run_id=run.pk,
        proposal=State(type=StateType(type_)),
        claim_id=claim.pk if claim else None,
        force=force,
    )


def let_expire(claim):
    Claim.objects.filter(pk=claim.pk).update(lease_expires_at=now() - timedelta(seconds=1))


@pytest.fixture
def api_up_for_an_hour():
    at = now()
    WebPulse.objects.create(started_at=at - timedelta(hours=1), last_seen=at)


def test_takes_a_due_run():
    run = scheduled()

    taken, claim = claim_run(flow_run_id=run.pk, worker_name="w1")

    assert taken.state_type == "PENDING"
    assert (claim.attempt, claim.worker_name, claim.ended_at) == (1, "w1", None)


def test_refuses_a_run_that_is_taken():
    run = scheduled()
    claim_run(flow_run_id=run.pk, worker_name="w1")

    with pytest.raises(ClaimRefused, match="PENDING"):
        claim_run(flow_run_id=run.pk, worker_name="w2")


def test_refuses_a_run_before_its_time():
    run = scheduled(seconds_from_now=60)

    with pytest.raises(ClaimRefused, match="due at"):
        claim_run(flow_run_id=run.pk, worker_name="w1")


def test_refuses_a_run_that_its_own_process_retries():
    run = scheduled()
    FlowRun.objects.filter(pk=run.pk).update(empirical_policy={"retry_type": "in_process"})

    with pytest.raises(ClaimRefused, match="process that has it"):
        claim_run(flow_run_id=run.pk, worker_name="w1")


def test_names_a_run_that_does_not_exist():
    with pytest.raises(RunNotFound):
        claim_run(flow_run_id=uuid4(), worker_name="w1")


def test_renews_without_touching_the_run():
    run = scheduled()
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
    let_expire(claim)
    updated = FlowRun.objects.get(pk=run.pk).updated

    renewal = renew_claim(claim_id=claim.pk)

    claim.refresh_from_db()
    assert claim.lease_expires_at > now()
    assert renewal.state_type == "PENDING"
    assert FlowRun.objects.get(pk=run.pk).updated == updated


def test_tells_the_holder_of_a_run_that_is_deleted_in_this_moment(monkeypatch):
    run = scheduled()
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
    let_expire(claim)
    asked = claims_service._held_claim_and_state

    class BeforeTheDeletion:
        def first(self, **identifiers):
            found = asked.first(**identifiers)
            FlowRun.objects.filter(pk=run.pk).delete()
            return found

    monkeypatch.setattr(claims_service, "_held_claim_and_state", BeforeTheDeletion())

    with pytest.raises(ClaimNotHeld):
        renew_claim(claim_id=claim.pk)


def test_writes_nothing_while_enough_of_the_lease_is_left(django_assert_num_queries):
    _, claim = claim_run(flow_run_id=scheduled().pk, worker_name="w1")
    renew_claim(claim_id=claim.pk)

    with django_assert_num_queries(1):
        renew_claim(claim_id=claim.pk)


def test_tells_a_worker_what_it_holds():
    pool = make_work_pool()
    mine = make_flow_run(StateType.SCHEDULED, work_queue=pool.default_queue)
    other = make_flow_run(StateType.SCHEDULED, work_queue=pool.default_queue)
    elsewhere = make_flow_run(StateType.SCHEDULED, work_queue=make_work_pool().default_queue)
    claim_run(flow_run_id=mine.pk, worker_name="w1", process_id=12)
    claim_run(flow_run_id=other.pk, worker_name="w2")
    claim_run(flow_run_id=elsewhere.pk, worker_name="w1")

    held = held_claims(pool_name=pool.name, worker_name="w1")

    assert [(claim.flow_run_id, claim.process_id, claim.flow_run.state_type) for claim in held] == [
        (mine.pk, 12, "PENDING")
    ]


def test_tells_the_former_holder_that_its_claim_ended():
    run = scheduled()
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
    report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name="w1", reason="gone")

    with pytest.raises(ClaimNotHeld):
        renew_claim(claim_id=claim.pk)


def test_ends_when_the_run_ended():
    run = scheduled()
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
    propose(run, "RUNNING", claim)
    propose(run, "COMPLETED", claim)

    release_claim(claim_id=claim.pk)

    claim.refresh_from_db()
    assert claim.outcome == Claim.Outcome.FINISHED
    assert FlowRun.objects.get(pk=run.pk).state_type == "COMPLETED"


def test_may_be_released_twice():
    run = scheduled()
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
    propose(run, "COMPLETED", claim)

    release_claim(claim_id=claim.pk)
    release_claim(claim_id=claim.pk)

    assert Claim.objects.get().outcome == Claim.Outcome.FINISHED


def test_begins_a_run_again_that_its_holder_leaves_unfinished():
    run = scheduled()
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
    propose(run, "RUNNING", claim)

    release_claim(claim_id=claim.pk)

    assert FlowRun.objects.get(pk=run.pk).state_name == "AwaitingRetry"


def test_begins_a_run_again_whose_process_left_while_it_waited_for_a_retry():
    run = scheduled(empirical_policy={"retries": 1, "retry_delay": 60})
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
    propose(run, "RUNNING", claim)
    propose(run, "FAILED", claim)  # answered with AwaitingRetry, in the same process

    release_claim(claim_id=claim.pk, reason="Killed")

    run.refresh_from_db()
    assert (run.state_name, run.empirical_policy["retry_type"]) == ("AwaitingRetry", "reschedule")
    assert Claim.objects.get().outcome == "lost"


def test_begins_a_lost_run_again_at_once_on_another_worker():
    run = scheduled()
    _, first = claim_run(flow_run_id=run.pk, worker_name="w1")
    propose(run, "RUNNING", first)

    report_lost(
        pool_name=pool_of(run), flow_run_id=run.pk, worker_name="w1", reason="The process was killed by signal 9."
    )
    run = FlowRun.objects.get(pk=run.pk)
    _, second = claim_run(flow_run_id=run.pk, worker_name="w2")

    assert run.state["message"] == "The process was killed by signal 9; attempt 2 of 3 follows."
    assert second.attempt == 2


def test_ignores_a_report_about_a_run_that_another_worker_holds():
    run = scheduled()
    claim_run(flow_run_id=run.pk, worker_name="w1")

    report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name="w2", reason="gone")

    assert FlowRun.objects.get(pk=run.pk).state_type == "PENDING"


def test_ignores_a_late_report_about_a_process_whose_run_another_of_the_same_worker_holds():
    run = scheduled()
    claim_run(flow_run_id=run.pk, worker_name="w1", process_id=100)
    report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name="w1", process_id=100, reason="gone")
    claim_run(flow_run_id=run.pk, worker_name="w1", process_id=101)

    report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name="w1", process_id=100, reason="gone")

    assert FlowRun.objects.get(pk=run.pk).state_type == "PENDING"
    assert Claim.objects.held().get().process_id == 101


def test_crashes_a_run_that_lost_its_worker_too_often(settings):
    settings.MAX_ATTEMPTS = 2
    run = scheduled()

    for worker in ("w1", "w2"):
        claim_run(flow_run_id=run.pk, worker_name=worker)
        report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name=worker, reason="killed by signal 9")

    run = FlowRun.objects.get(pk=run.pk)
    assert run.state_type == "CRASHED"
    assert run.state["message"] == "killed by signal 9; this was attempt 2 of 2, so the run is not begun again."


def test_counts_only_losses_since_the_run_last_ended_in_order(settings):
    settings.MAX_ATTEMPTS = 2
    run = scheduled()
    claim_run(flow_run_id=run.pk, worker_name="w1")
    report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name="w1", reason="gone")
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
    propose(run, "COMPLETED", claim)
    release_claim(claim_id=claim.pk)
    propose(run, "SCHEDULED", force=True)
    claim_run(flow_run_id=run.pk, worker_name="w1")

    report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name="w1", reason="gone")

    assert FlowRun.objects.get(pk=run.pk).state_name == "AwaitingRetry"


def test_cancels_a_lost_run_that_was_to_be_cancelled():
    run = scheduled()
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
    propose(run, "RUNNING", claim)
    propose(run, "CANCELLING")

    report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name="w1", reason="gone")

    assert FlowRun.objects.get(pk=run.pk).state_type == "CANCELLED"


def suspended_run_and_claim():
    run = make_flow_run(
        State(type=StateType.SCHEDULED), deployment=make_deployment(), empirical_policy={"pause_keys": ["before"]}
    )
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
    propose(run, "RUNNING", claim)
    suspended = State(type=StateType.PAUSED, name="Suspended", details={"pause_reschedule": True, "pause_key": "here"})
    propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=suspended, claim_id=claim.pk)
    return run, claim


def test_leaves_a_suspended_run_suspended_whose_process_died_before_it_gave_the_run_back():
    run, _ = suspended_run_and_claim()

    report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name="w1", reason="gone")

    run.refresh_from_db()
    assert (run.state_type, run.state_name) == ("PAUSED", "Suspended")
    assert Claim.objects.get().outcome == "lost"


def test_keeps_the_pauses_of_a_resumed_run_whose_former_process_died_before_it_gave_the_run_back():
    run, _ = suspended_run_and_claim()
    resume_flow_run(flow_run_id=run.pk)

    report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name="w1", reason="gone")

    run.refresh_from_db()
    assert run.state_name == "Resuming"
    assert run.empirical_policy["pause_keys"] == ["before", "here"]
    claim_run(flow_run_id=run.pk, worker_name="w2")


def test_stops_a_worker_that_speaks_after_it_lost_the_run():
    run = scheduled()
    _, lost = claim_run(flow_run_id=run.pk, worker_name="w1")
    report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name="w1", reason="gone")
    claim_run(flow_run_id=run.pk, worker_name="w2")

    answer = propose(run, "RUNNING", lost)

    assert answer.status is Status.ABORT
    assert FlowRun.objects.get(pk=run.pk).state_type == "PENDING"


def test_takes_the_run_away_from_its_worker_when_somebody_else_ends_it():
    run = scheduled()
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
    propose(run, "RUNNING", claim)

    propose(run, "CANCELLED", force=True)

    with pytest.raises(ClaimNotHeld):
        renew_claim(claim_id=claim.pk)
    assert propose(run, "COMPLETED", claim).status is Status.ABORT
    assert Claim.objects.get().outcome == Claim.Outcome.REVOKED


@pytest.mark.usefixtures("api_up_for_an_hour")
class TestReclaiming:
    def test_begins_runs_again_whose_lease_expired(self):
        run = scheduled()
        _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
        let_expire(claim)

        assert reclaim_lost_runs() == 1
        assert FlowRun.objects.get(pk=run.pk).state_name == "AwaitingRetry"

    def test_knows_whether_a_lease_expired(self):
        _, claim = claim_run(flow_run_id=scheduled().pk, worker_name="w1")
        before = has_expired_claims()
        let_expire(claim)
        expired = has_expired_claims()
        reclaim_lost_runs()

        assert (before, expired, has_expired_claims()) == (False, True, False)

    def test_leaves_runs_alone_that_are_renewed(self):
        run = scheduled()
        claim_run(flow_run_id=run.pk, worker_name="w1")

        assert reclaim_lost_runs() == 0
        assert FlowRun.objects.get(pk=run.pk).state_type == "PENDING"

    def test_goes_on_with_the_others_when_one_resists(self, monkeypatch):
        claims = [claim_run(flow_run_id=scheduled().pk, worker_name="w1")[1] for _ in range(2)]
        for claim in claims:
            let_expire(claim)
        lose = claims_service._lose

        def resist_once(run, claim, reason):
            monkeypatch.setattr(claims_service, "_lose", lose)
            raise OperationalError("out of space")

        monkeypatch.setattr(claims_service, "_lose", resist_once)

        assert reclaim_lost_runs() == 1
        assert reclaim_lost_runs() == 1

    def test_does_its_work_once(self):
        run = scheduled()
        _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
        let_expire(claim)
        reclaim_lost_runs()

        assert reclaim_lost_runs() == 0

    def test_leaves_a_run_as_it_ended(self):
        run = scheduled()
        _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
        propose(run, "COMPLETED", claim)
        let_expire(claim)

        reclaim_lost_runs()

        assert FlowRun.objects.get(pk=run.pk).state_type == "COMPLETED"


def test_takes_nothing_away_while_the_api_was_not_there_to_be_asked():
    run = scheduled()
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
    let_expire(claim)
    WebPulse.objects.create(started_at=now() - timedelta(seconds=2), last_seen=now())

    assert reclaim_lost_runs() == 0
    assert FlowRun.objects.get(pk=run.pk).state_type == "PENDING"


class TestAfterTheWebServerWasKilled:
    """Its row stays behind and says when it was last seen. The run began before, and goes on."""

    @pytest.fixture
    def expired(self):
        WebPulse.objects.create(started_at=now() - timedelta(hours=1), last_seen=now() - timedelta(seconds=10))
        run = scheduled()
        _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
        Claim.objects.update(lease_expires_at=now() - timedelta(seconds=8))
        return claim

    def came_back(self, seconds_ago):
        WebPulse.objects.create(started_at=now() - timedelta(seconds=seconds_ago), last_seen=now())

    def test_takes_nothing_away_before_it_is_missed(self, expired):
        assert reclaim_lost_runs() == 0

    def test_takes_nothing_away_when_it_came_back_just_now(self, expired, settings):
        settings.LEASE_SECONDS = 3.0
        self.came_back(seconds_ago=2)

        assert reclaim_lost_runs() == 0

    def test_takes_away_what_was_not_renewed_for_a_lease_since_then(self, expired, settings):
        settings.LEASE_SECONDS = 3.0
        self.came_back(seconds_ago=4)

        assert reclaim_lost_runs() == 1

    def test_takes_away_what_expired_before_it_was_killed(self, expired):
        Claim.objects.update(lease_expires_at=now() - timedelta(seconds=11))

        assert reclaim_lost_runs() == 1

    def test_takes_away_what_expires_while_another_server_is_there(self, expired):
        WebPulse.objects.create(started_at=now() - timedelta(minutes=5), last_seen=now())

        assert reclaim_lost_runs() == 1


class TestWhatRanInside:
    def test_crashes_with_the_process(self):
        run, claim = begun()
        task = make_task_run("RUNNING", flow_run=run)
        child = make_flow_run("RUNNING", parent_task_run=make_task_run("RUNNING", flow_run=run))
        grandchild = make_flow_run("RUNNING", parent_task_run=make_task_run("RUNNING", flow_run=child))

        report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name=claim.worker_name, reason="killed")

        assert [state_of(one) for one in (run, task, child, grandchild)] == [
            "SCHEDULED",
            "CRASHED",
            "CRASHED",
            "CRASHED",
        ]
        assert state_of(child.parent_task_run) == "CRASHED"

    def test_stays_when_it_has_ended(self):
        run, claim = begun()
        task = make_task_run("COMPLETED", flow_run=run)

        report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name=claim.worker_name, reason="killed")

        assert state_of(task) == "COMPLETED"

    def test_goes_on_when_a_deployment_runs_it_elsewhere(self):
        run, claim = begun()
        tracking = make_task_run("RUNNING", flow_run=run)
        child = make_flow_run("RUNNING", parent_task_run=tracking, deployment=make_deployment())

        report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name=claim.worker_name, reason="killed")

        assert [state_of(child), state_of(tracking)] == ["RUNNING", "RUNNING"]


def begun():
    deployment = make_deployment(pool=make_work_pool())
    run = make_flow_run("SCHEDULED", flow=deployment.flow, deployment=deployment, work_queue=deployment.work_queue)
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
    propose(run, "RUNNING", claim)
    return run, claim


def state_of(row):
    row.refresh_from_db()
    return row.state_type


def test_counts_lost_attempts_anew_when_a_crashed_run_is_begun_again(settings):
    settings.MAX_ATTEMPTS = 1
    run, claim = begun()
    report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name=claim.worker_name, reason="killed")
    assert state_of(run) == "CRASHED"
    settings.MAX_ATTEMPTS = 2

    propose(run, "SCHEDULED")
    _, claim = claim_run(flow_run_id=run.pk, worker_name="w1")
    report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name=claim.worker_name, reason="killed")

    assert state_of(run) == "SCHEDULED"


def test_cancels_a_run_at_once_that_was_begun_again_after_its_end():
    run, claim = begun()
    propose(run, "FAILED", claim)
    release_claim(claim_id=claim.pk)
    propose(run, "SCHEDULED")

    answer = propose(run, "CANCELLING")

    assert answer.state.type is StateType.CANCELLED


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    def test_refuses_a_worker_that_waited_while_its_claim_was_ended(self):
        run, claim = begun()
        locked, answers = Event(), []

        def lose():
            with transaction.atomic():
                FlowRun.objects.select_for_update().get(pk=run.pk)
                locked.set()
                sleep(0.3)  # so that the worker below waits for the run's lock
                report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name=claim.worker_name, reason="killed")

        def speak():
            locked.wait()
            answers.append(propose(run, "RUNNING", claim))

        at_once(lose, speak)

        assert [answer.status for answer in answers] == [Status.ABORT]
        assert state_of(run) == "SCHEDULED"

    def test_ends_a_claim_while_somebody_ends_its_run(self):
        for _ in range(10):
            run, claim = begun()

            at_once(lambda: release_claim(claim_id=claim.pk), lambda: propose(run, "CANCELLED", force=True))  # noqa: B023

            claim.refresh_from_db()
            assert claim.ended_at is not None


def at_once(*calls):
    """Run the calls in threads of their own; raises what one of them raised."""

    def run(call):
        try:
            call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        for future in [threads.submit(run, call) for call in calls]:
            future.result()


def test_takes_a_run_with_seven_statements(django_assert_num_queries):
    """Lock the run, look at its claims, four for the new state without another read, add the claim."""
    first, second = scheduled(), scheduled()
    claim_run(flow_run_id=first.pk, worker_name="w1")

    with django_assert_num_queries(9):  # and the savepoint around them, because a test is a transaction
        claim_run(flow_run_id=second.pk, worker_name="w1")


def test_gives_a_finished_run_back_with_four_statements(django_assert_num_queries):
    """Whose claim it is, the run's lock, the claim's lock, and its end: nothing else of the run is read."""
    claims = [claim_run(flow_run_id=scheduled().pk, worker_name="w1")[1] for _ in range(2)]
    for claim in claims:
        propose(claim.flow_run, "RUNNING", claim)
        propose(claim.flow_run, "COMPLETED", claim)
    release_claim(claim_id=claims[0].pk)

    with django_assert_num_queries(6):  # and the savepoint around them, because a test is a transaction
        release_claim(claim_id=claims[1].pk)
