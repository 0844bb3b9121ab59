"""Runs that need slots: when they take them, and when they are free again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orchestrator.contract.states import State, StateType, Status
from orchestrator.contract.times import format_time, now
from runs.errors import ClaimRefused
from runs.models import ConcurrencyLease, ConcurrencyLimit, FlowRun
from runs.orchestration.policy import LATE_MARK_RULES
from runs.orchestration.transition import RunKind
from runs.services.claims import claim_run, release_claim, report_lost
from runs.services.concurrency_leases import renew_lease
from runs.services.concurrency_limits import ByIdOrName, update_limit
from runs.services.transitions import locked_flow_run, propose_state, propose_state_of_locked
from tests.factories import make_deployment, make_flow_run, make_task_run, make_work_pool
from tests.runs.pools import pool_of
from tests.runs.services.test_concurrency_slots import in_use, make_limit

pytestmark = pytest.mark.django_db

NEW = (3, 8, 8)


def scheduled(at=None, **details):
    return State(StateType.SCHEDULED, details={"scheduled_time": format_time(at or now()), **details})


def propose(run, type_, *, name="", force=False, client=None, **details):
    kind = RunKind.FLOW_RUN if isinstance(run, FlowRun) else RunKind.TASK_RUN
    proposal = State(StateType(type_), name=name, details=details)
    return propose_state(kind=kind, run_id=run.pk, proposal=proposal, force=force, client=client)


def lease_id_of(answer):
    return answer.state.details.get("deployment_concurrency_lease_id")


@pytest.fixture
def limit():
    return make_limit("deployment:x", 1)


@pytest.fixture
def deployment(limit):
    return make_deployment(global_concurrency_limit=limit, pool=make_work_pool())


@pytest.fixture
def make_run(deployment):
    def make(state=None, **columns):
        queue = deployment.work_queue
        return make_flow_run(
            state or scheduled(), flow=deployment.flow, deployment=deployment, work_queue=queue, **columns
        )

    return make


class TestTakingASlot:
    def test_names_the_lease_in_the_state(self, limit, make_run):
        run = make_run()

        answer = propose(run, "PENDING")

        lease = ConcurrencyLease.objects.get()
        assert lease_id_of(answer) == str(lease.pk)
        assert (lease.flow_run, in_use(limit)) == (run, 1)
        assert 290 < (lease.expires_at - now()).total_seconds() <= 300

    def test_keeps_it_for_the_grace_period_of_the_deployment(self, deployment, make_run):
        deployment.concurrency_options = {"collision_strategy": "ENQUEUE", "grace_period_seconds": 90}
        deployment.save()

        propose(make_run(), "PENDING")

        assert (ConcurrencyLease.objects.get().expires_at - now()).total_seconds() <= 90

    def test_lets_the_second_wait(self, limit, make_run):
        propose(make_run(), "PENDING")

        answer = propose(make_run(), "PENDING")

        assert (answer.status, answer.state.name) == (Status.REJECT, "AwaitingConcurrencySlot")
        assert 29 < (answer.state.scheduled_time - now()).total_seconds() <= 30
        assert in_use(limit) == 1

    def test_cancels_the_second_if_that_is_wanted(self, deployment, make_run):
        deployment.concurrency_options = {"collision_strategy": "CANCEL_NEW", "grace_period_seconds": None}
        deployment.save()
        propose(make_run(), "PENDING")

        answer = propose(make_run(), "PENDING")

        assert (answer.status, answer.state.type) == (Status.REJECT, StateType.CANCELLED)

    def test_aborts_at_a_limit_of_nought(self, limit, make_run):
        update_limit(which=ByIdOrName(id=limit.pk), changes={"limit": 0})

        assert propose(make_run(), "PENDING").status is Status.ABORT

    def test_asks_for_none_of_a_limit_that_is_not_active(self, limit, make_run):
        update_limit(which=ByIdOrName(id=limit.pk), changes={"active": False})

        answers = [propose(make_run(), "PENDING") for _ in range(2)]

        assert [answer.status for answer in answers] == [Status.ACCEPT, Status.ACCEPT]

    def test_takes_none_when_a_rule_refuses(self, limit, make_run):
        run = make_run()
        propose(run, "RUNNING")

        assert propose(run, "PENDING").status is Status.ABORT
        assert in_use(limit) == 0

    def test_takes_none_by_force(self, limit, make_run):
        propose(make_run(), "PENDING", force=True)

        assert in_use(limit) == 0

    def test_takes_the_slot_of_a_run_whose_lease_expired(self, limit, make_run):
        propose(make_run(), "PENDING")
        ConcurrencyLease.objects.update(expires_at=now())

        assert propose(make_run(), "PENDING").status is Status.ACCEPT


class TestHoldingIt:
    def test_keeps_it_while_the_pending_run_gets_another_name(self, limit, make_run):
        run = make_run()
        lease_id = lease_id_of(propose(run, "PENDING"))

        answer = propose(run, "PENDING", name="Submitting", deployment_concurrency_lease_id=None)

        assert (lease_id_of(answer), in_use(limit)) == (lease_id, 1)

    def test_keeps_it_without_renewal_for_a_client_that_never_renews(self, limit, make_run):
        run = make_run()
        lease_id = lease_id_of(propose(run, "PENDING"))

        answer = propose(run, "RUNNING")

        assert (lease_id_of(answer), in_use(limit)) == (lease_id, 1)
        assert ConcurrencyLease.objects.get().expires_at is None

    def test_leaves_renewing_to_a_client_that_does(self, make_run):
        run = make_run()
        propose(run, "PENDING", client=NEW)
        ConcurrencyLease.objects.update(expires_at=now() + timedelta(seconds=5))

        answer = propose(run, "RUNNING", client=NEW)
        renew_lease(lease_id=lease_id_of(answer), seconds=600)

        assert (ConcurrencyLease.objects.get().expires_at - now()).total_seconds() > 590

    def test_takes_another_when_the_lease_expired_and_nobody_took_the_slot(self, limit, make_run):
        run = make_run()
        lost = lease_id_of(propose(run, "PENDING", client=NEW))
        ConcurrencyLease.objects.update(expires_at=now())

        answer = propose(run, "RUNNING", client=NEW)

        assert answer.status is Status.ACCEPT
        assert lease_id_of(answer) != lost
        assert in_use(limit) == 1

    def test_cancels_the_run_when_the_slot_went_to_another(self, limit, make_run):
        run, other = make_run(), make_run()
        propose(run, "PENDING", client=NEW)
        ConcurrencyLease.objects.update(expires_at=now())
        propose(other, "PENDING", client=NEW)

        answer = propose(run, "RUNNING", client=NEW)

        assert (answer.status, answer.state.type) == (Status.REJECT, StateType.CANCELLED)
        assert in_use(limit) == 1

    def test_keeps_it_for_a_retry_in_the_same_process(self, limit, make_run):
        run = make_run(empirical_policy={"retries": 1, "retry_delay": 0})
        propose(run, "PENDING")
        propose(run, "RUNNING")

        retry = propose(run, "FAILED")
        propose(run, "RUNNING")
        during = in_use(limit)
        propose(run, "COMPLETED")

        assert (retry.state.name, during, in_use(limit)) == ("AwaitingRetry", 1, 0)

    def test_keeps_it_when_the_run_is_set_running_by_force(self, limit, make_run):
        run = make_run()
        propose(run, "PENDING")

        propose(run, "RUNNING", force=True)
        during = in_use(limit)
        propose(run, "COMPLETED", force=True)

        assert (during, in_use(limit)) == (1, 0)

    def test_keeps_it_when_a_run_that_waits_for_its_retry_is_set_running_by_force(self, limit, make_run):
        run = make_run(empirical_policy={"retries": 1, "retry_delay": 60})
        propose(run, "PENDING")
        propose(run, "RUNNING")
        propose(run, "FAILED")

        propose(run, "RUNNING", force=True)
        during = in_use(limit)
        propose(run, "SCHEDULED", force=True)

        assert (during, in_use(limit)) == (1, 0)


class TestFreeingIt:
    @pytest.mark.parametrize("end", ["COMPLETED", "FAILED", "CRASHED", "CANCELLED", "PAUSED", "SCHEDULED"])
    @pytest.mark.parametrize("force", [False, True])
    def test_frees_it_when_the_run_leaves_its_work(self, limit, make_run, end, force):
        run = make_run()
        propose(run, "PENDING")
        propose(run, "RUNNING")

        propose(run, end, force=force)

        assert (in_use(limit), ConcurrencyLease.objects.count()) == (0, 0)

    def test_frees_it_when_cancelling_ends(self, limit, make_run):
        run = make_run()
        propose(run, "PENDING")
        propose(run, "RUNNING")
        propose(run, "CANCELLING")
        during = in_use(limit)

        propose(run, "CANCELLED")

        assert (during, in_use(limit)) == (1, 0)

    def test_frees_it_when_a_run_that_waits_for_its_retry_is_cancelled(self, limit, make_run):
        run = make_run(empirical_policy={"retries": 1, "retry_delay": 60})
        propose(run, "PENDING")
        propose(run, "RUNNING")
        propose(run, "FAILED")

        propose(run, "CANCELLED")

        assert in_use(limit) == 0

    def test_frees_nothing_of_others_for_a_run_that_had_none(self, limit, make_run):
        holder, intruder = make_run(), make_run()
        propose(holder, "PENDING")
        propose(intruder, "RUNNING", force=True)

        propose(intruder, "COMPLETED")

        assert in_use(limit) == 1

    def test_frees_it_with_the_run(self, limit, make_run):
        run = make_run()
        propose(run, "PENDING")

        run.delete()

        assert in_use(limit) == 0

    def test_goes_on_when_the_limit_is_deleted(self, limit, make_run):
        run = make_run()
        propose(run, "PENDING")
        limit.delete()

        assert propose(run, "RUNNING").status is Status.ACCEPT
        assert propose(run, "COMPLETED").status is Status.ACCEPT


class TestClaims:
    def test_hold_the_slot_as_long_as_they_last(self, limit, make_run):
        run = make_run()

        _, claim = claim_run(flow_run_id=run.pk, worker_name="w")
        lease = ConcurrencyLease.objects.get()
        propose(run, "RUNNING")
        propose(run, "COMPLETED")
        release_claim(claim_id=claim.pk)

        assert (lease.expires_at, in_use(limit)) == (None, 0)

    def test_are_refused_and_the_run_waits_when_the_deployment_is_full(self, make_run):
        claim_run(flow_run_id=make_run().pk, worker_name="w")
        run = make_run()

        with pytest.raises(ClaimRefused, match="Deployment concurrency limit reached"):
            claim_run(flow_run_id=run.pk, worker_name="w")

        run.refresh_from_db()
        assert run.state_name == "AwaitingConcurrencySlot"
        assert run.next_scheduled_start_time > now() + timedelta(seconds=25)

    def test_give_the_slot_back_when_they_are_lost(self, limit, make_run):
        run = make_run()
        claim_run(flow_run_id=run.pk, worker_name="w")
        propose(run, "RUNNING")

        report_lost(pool_name=pool_of(run), flow_run_id=run.pk, worker_name="w", reason="It died")
        lost = in_use(limit)
        claim_run(flow_run_id=run.pk, worker_name="w")

        assert (lost, in_use(limit)) == (0, 1)


class TestMarkingLate:
    def mark(self, run):
        proposal = State(StateType.SCHEDULED, name="Late")
        return propose_state_of_locked(locked_flow_run(run.pk), proposal=proposal, rules=LATE_MARK_RULES)

    @pytest.mark.parametrize(
        ("strategy", "full", "name"),
        [("CANCEL_NEW", True, "Cancelled"), ("CANCEL_NEW", False, "Late"), ("ENQUEUE", True, "Late")],
    )
    def test_cancels_the_run_only_if_wanted_and_full(self, limit, deployment, make_run, strategy, full, name):
        deployment.concurrency_options = {"collision_strategy": strategy}
        deployment.save()
        if full:
            propose(make_run(), "PENDING")

        answer = self.mark(make_run())

        assert answer.state.name == name
        assert in_use(limit) == full


class TestTags:
    @pytest.fixture
    def tag_limit(self):
        return make_limit("tag:a", 1)

    def task(self, flow_run=None, tags=("a", "free")):
        return make_task_run("PENDING", flow_run=flow_run or make_flow_run("RUNNING"), tags=list(tags))

    def test_let_the_second_wait(self, tag_limit):
        first, second = self.task(), self.task()

        taken, waiting = propose(first, "RUNNING"), propose(second, "RUNNING")

        assert (taken.status, waiting.status, waiting.state.type) == (Status.ACCEPT, Status.WAIT, "PENDING")
        assert [lease.holder_id for lease in ConcurrencyLease.objects.all()] == [first.pk]

    def test_are_free_again_when_the_task_run_ends(self, tag_limit):
        first, second = self.task(), self.task()
        propose(first, "RUNNING")

        propose(first, "COMPLETED")

        assert propose(second, "RUNNING").status is Status.ACCEPT

    def test_are_free_again_when_it_is_ended_by_force(self, tag_limit):
        first = self.task()
        propose(first, "RUNNING")

        propose(first, "CRASHED", force=True)

        assert in_use(tag_limit) == 0

    def test_are_taken_once(self, tag_limit):
        first = self.task()
        propose(first, "RUNNING")

        assert propose(first, "RUNNING").status is Status.ACCEPT
        assert in_use(tag_limit) == 1

    def test_abort_at_a_limit_of_nought(self):
        make_limit("tag:a", 0)

        assert propose(self.task(), "RUNNING").status is Status.ABORT

    def test_ask_nothing_of_tags_without_limits(self, tag_limit):
        answers = [propose(self.task(tags=["b"]), "RUNNING") for _ in range(2)]

        assert [answer.status for answer in answers] == [Status.ACCEPT, Status.ACCEPT]


def about_limits(asked):
    return [query["sql"] for query in asked if "runs_concurrency" in query["sql"]]


class TestCost:
    """What runs pay for limits that nobody has: nothing."""

    def test_of_a_flow_run_without_a_limit(self):
        plain = make_flow_run(State(StateType.PENDING))
        deployed = make_flow_run(State(StateType.PENDING), deployment=make_deployment())

        with CaptureQueriesContext(connection) as asked:
            propose(plain, "RUNNING")
            propose(deployed, "RUNNING")

        assert about_limits(asked) == []

    def test_of_a_task_run_with_tags(self):
        run = make_task_run("PENDING", tags=["a"])
        make_limit("other", 1)

        with CaptureQueriesContext(connection) as asked:
            propose(run, "RUNNING")
            propose(run, "COMPLETED")

        # Whether there are limits of tags at all comes with the run itself.
        assert [sql for sql in about_limits(asked) if "runs_taskrun" not in sql] == []


@pytest.mark.django_db(transaction=True)
def test_lets_one_of_many_claimants_through(limit, make_run):
    runs = [make_run() for _ in range(8)]
    start = Barrier(len(runs))

    def claim(run):
        try:
            start.wait()
            claim_run(flow_run_id=run.pk, worker_name="w")
        except ClaimRefused:
            return 0
        finally:
            connection.close()
        return 1

    with ThreadPoolExecutor(len(runs)) as pool:
        taken = sum(pool.map(claim, runs))

    assert (taken, in_use(limit)) == (1, 1)
    assert FlowRun.objects.filter(state_name="AwaitingConcurrencySlot").count() == len(runs) - 1
    assert ConcurrencyLimit.objects.get().counted_slots == 0
