"""What runs need before they are under way. Nothing here asks a database whether there is any."""

from __future__ import annotations

from uuid import UUID

import pytest

from orchestrator.contract.states import StateType, Status
from runs.orchestration.decide import without_slots
from runs.orchestration.transition import DeploymentLimit, RunKind
from runs.orchestration.verdicts import Shortage
from tests.runs.orchestration.cases import at, decision, state

LIMIT = UUID(int=7)
LEASE = "00000000-0000-7000-8000-000000000009"
FULL = Shortage(names=("deployment:x",), occupancy_seconds=2.0)
CLOSED = Shortage(names=(), closed="deployment:x")
NEW, OLD = (3, 8, 8), (3, 4, 10)


def limited(**options):
    return {"has_deployment": True, "deployment_limit": DeploymentLimit(LIMIT, **options)}


class TestTakingASlotOfTheDeployment:
    def test_needs_one_before_anything_is_started(self):
        decided = decision(state("SCHEDULED"), state("PENDING"), **limited())

        assert decided.status is Status.ACCEPT
        assert (decided.needs.limit_ids, decided.needs.lease_seconds) == ((LIMIT,), 300.0)

    def test_keeps_it_for_the_grace_period_of_the_deployment(self):
        decided = decision(state("SCHEDULED"), state("PENDING"), **limited(grace_seconds=60))

        assert decided.needs.lease_seconds == 60

    @pytest.mark.parametrize("initial", ["PENDING", "RUNNING", "CANCELLING"])
    def test_needs_none_when_the_run_is_under_way(self, initial):
        assert decision(state(initial), state("PENDING", "Submitting"), **limited()).needs is None

    def test_needs_none_without_a_limit(self):
        assert decision(state("SCHEDULED"), state("PENDING"), has_deployment=True).needs is None

    def test_needs_none_by_force(self):
        assert decision(state("SCHEDULED"), state("PENDING"), force=True, **limited()).needs is None

    def test_aborts_when_the_deployment_is_gone(self):
        decided = decision(state("SCHEDULED"), state("PENDING"), has_deployment=True, deployment_is_gone=True)

        assert (decided.status, decided.reason) == (Status.ABORT, "Deployment not found.")

    def test_leaves_it_to_workers_that_count_themselves(self):
        decided = decision(state("SCHEDULED"), state("PENDING"), client=(3, 0, 2), **limited())

        assert decided.needs is None

    def test_keeps_the_slot_of_a_claim_as_long_as_the_claim(self):
        decided = decision(state("SCHEDULED"), state("PENDING"), takes_claim=True, **limited())

        assert decided.needs.lease_seconds is None

    def test_lets_one_too_many_wait(self):
        decided = decision(state("SCHEDULED"), state("PENDING"), **limited())

        answer = without_slots(decided, decided.needs.without(FULL))

        assert (answer.status, answer.reason) == (Status.REJECT, "Deployment concurrency limit reached.")
        assert (answer.write.type, answer.write.name) == (StateType.SCHEDULED, "AwaitingConcurrencySlot")
        assert answer.write.details["scheduled_time"] == at(30)

    def test_cancels_one_too_many_if_that_is_wanted(self):
        decided = decision(state("SCHEDULED"), state("PENDING"), **limited(cancels_new=True))

        answer = without_slots(decided, decided.needs.without(FULL))

        assert (answer.status, answer.write.type) == (Status.REJECT, StateType.CANCELLED)

    def test_aborts_when_the_limit_is_nought(self):
        decided = decision(state("SCHEDULED"), state("PENDING"), **limited(cancels_new=True))

        answer = without_slots(decided, decided.needs.without(CLOSED))

        assert (answer.status, answer.write) == (Status.ABORT, None)

    def test_asks_for_nothing_when_another_rule_refuses(self):
        decided = decision(state("COMPLETED", data={"storage_key": "x"}), state("PENDING"), **limited())

        assert (decided.status, decided.needs) == (Status.REJECT, None)


class TestTheLease:
    def test_goes_on_to_a_state_that_does_not_name_it(self):
        held = state("PENDING", deployment_concurrency_lease_id=LEASE)

        decided = decision(held, state("PENDING", "Submitting", deployment_concurrency_lease_id=None), **limited())

        assert decided.write.details["deployment_concurrency_lease_id"] == LEASE

    def test_goes_on_by_force_too(self):
        held = state("PENDING", deployment_concurrency_lease_id=LEASE)

        assert decision(held, state("RUNNING"), force=True).write.details["deployment_concurrency_lease_id"] == LEASE

    def test_is_had_anew_by_a_client_that_renews(self):
        held = state("PENDING", deployment_concurrency_lease_id=LEASE)

        decided = decision(held, state("RUNNING"), client=NEW, **limited(grace_seconds=90))

        assert (decided.needs.lease_id, decided.needs.lease_seconds) == (UUID(LEASE), 90)

    def test_cannot_be_waited_for_once_the_run_was_started(self):
        held = state("PENDING", deployment_concurrency_lease_id=LEASE)
        decided = decision(held, state("RUNNING"), client=NEW, **limited())

        answer = without_slots(decided, decided.needs.without(FULL))

        assert (answer.status, answer.write.type) == (Status.REJECT, StateType.CANCELLED)

    @pytest.mark.parametrize("client", [None, OLD])
    @pytest.mark.parametrize("target", ["RUNNING", "CANCELLING"])
    def test_lasts_as_long_as_the_work_for_a_client_that_never_renews(self, client, target):
        held = state("PENDING", deployment_concurrency_lease_id=LEASE)

        decided = decision(held, state(target), client=client, **limited())

        assert (decided.needs.lease_id, decided.needs.lease_seconds) == (UUID(LEASE), None)
        assert without_slots(decided, decided.needs.without(FULL)).status is Status.ACCEPT

    def test_is_not_asked_for_by_a_run_that_has_none(self):
        assert decision(state("PENDING"), state("RUNNING"), client=NEW, **limited()).needs is None


class TestSlotsOfTags:
    def task(self, initial="PENDING", target="RUNNING", **facts):
        return decision(state(initial), state(target), kind=RunKind.TASK_RUN, **facts)

    def test_are_needed_to_run(self):
        assert self.task(limited_tags=("a", "b")).needs.tags == ("a", "b")

    def test_are_not_needed_without_limits(self):
        assert self.task().needs is None

    def test_are_not_needed_to_end(self):
        assert self.task("RUNNING", "COMPLETED", limited_tags=("a",)).needs is None

    def test_are_waited_for(self):
        decided = self.task(limited_tags=("a",))

        answer = without_slots(decided, decided.needs.without(Shortage(names=("a",), occupancy_seconds=600)))

        # At most ten seconds on average, and so thirteen in all.
        assert (answer.status, answer.write) == (Status.WAIT, None)
        assert 7 <= answer.delay_seconds <= 13
        assert answer.reason == "Concurrency limit reached for tags: a"

    def test_are_not_waited_for_in_vain(self):
        decided = self.task(limited_tags=("a",))

        answer = without_slots(decided, decided.needs.without(Shortage(names=(), closed="a")))

        assert answer.status is Status.ABORT
        assert "is 0 and will deadlock" in answer.reason
