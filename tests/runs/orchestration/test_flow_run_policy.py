"""What may happen to a flow run: every row is one proposal and its answer."""

from __future__ import annotations

import pytest

from orchestrator.contract.states import StateType, Status
from tests.runs.orchestration.cases import at, decision, state

RESULT = {"type": "reference", "storage_key": "x"}
RETRY_ONCE = {"retries": 1, "retry_delay": 5}

ACCEPT, REJECT, WAIT, ABORT = Status

# initial, proposed, facts -> status, the type and name that the run has afterwards
CASES = {
    # The ordinary way
    "creation to pending": (None, state("PENDING"), {}, ACCEPT, "PENDING/Pending"),
    "pending to running": (state("PENDING"), state("RUNNING"), {}, ACCEPT, "RUNNING/Running"),
    "running to completed": (state("RUNNING"), state("COMPLETED"), {}, ACCEPT, "COMPLETED/Completed"),
    "a name of the author's own": (state("RUNNING"), state("COMPLETED", "AllGood"), {}, ACCEPT, "COMPLETED/AllGood"),
    # The same proposal again, after its answer was lost
    "a repeated transition": (
        state("RUNNING", transition_id="t"), state("RUNNING", transition_id="t"), {}, REJECT, "RUNNING/Running",
    ),
    "another transition": (
        state("RUNNING", transition_id="t"), state("RUNNING", transition_id="u"), {}, ACCEPT, "RUNNING/Running",
    ),
    # Scheduled time: the proposer waits for whole seconds, rounded
    "due in two minutes": (state("SCHEDULED", scheduled_time=at(120)), state("RUNNING"), {}, WAIT, None),
    "due in 0.4 seconds": (state("SCHEDULED", scheduled_time=at(0.4)), state("RUNNING"), {}, ACCEPT, "RUNNING/Running"),
    "overdue": (state("SCHEDULED", scheduled_time=at(-60)), state("RUNNING"), {}, ACCEPT, "RUNNING/Running"),
    "pending before its time": (state("PENDING", scheduled_time=at(9)), state("RUNNING"), {}, WAIT, None),
    "taken early": (state("SCHEDULED", scheduled_time=at(9)), state("PENDING"), {}, ACCEPT, "PENDING/Pending"),
    # PENDING is the claim: nobody gets it twice, but its holder may tell more
    "pending twice": (state("PENDING"), state("PENDING"), {}, ABORT, "PENDING/Pending"),
    "pending, submitting": (state("PENDING"), state("PENDING", "Submitting"), {}, ACCEPT, "PENDING/Submitting"),
    "submitting twice": (
        state("PENDING", "Submitting"), state("PENDING", "Submitting"), {}, ABORT, "PENDING/Submitting",
    ),
    "submitting, pending": (state("PENDING", "Submitting"), state("PENDING"), {}, ABORT, "PENDING/Submitting"),
    "pending while running": (state("RUNNING"), state("PENDING"), {}, ABORT, "RUNNING/Running"),
    "pending after cancelled": (state("CANCELLED"), state("PENDING"), {}, ABORT, "CANCELLED/Cancelled"),
    # Retries: a first run (run_count 1) of a flow with one retry is repeated, its second failure stands
    "first failure, one retry": (
        state("RUNNING"), state("FAILED"), {"policy": RETRY_ONCE, "run_count": 1}, REJECT, "SCHEDULED/AwaitingRetry",
    ),
    "second failure, one retry": (
        state("RUNNING"), state("FAILED"), {"policy": RETRY_ONCE, "run_count": 2}, ACCEPT, "FAILED/Failed",
    ),
    "failure without retries": (state("RUNNING"), state("FAILED"), {"run_count": 1}, ACCEPT, "FAILED/Failed"),
    "a crash is not retried": (
        state("RUNNING"), state("CRASHED"), {"policy": RETRY_ONCE, "run_count": 1}, ACCEPT, "CRASHED/Crashed",
    ),
    # The end is the end, unless the run is begun again on purpose
    "failed to crashed": (state("FAILED"), state("CRASHED"), {}, ABORT, "FAILED/Failed"),
    "failed to cancelling": (state("FAILED"), state("CANCELLING"), {}, ABORT, "FAILED/Failed"),
    "completed to paused": (state("COMPLETED"), state("PAUSED"), {}, ABORT, "COMPLETED/Completed"),
    "failed to running": (state("FAILED"), state("RUNNING"), {}, ACCEPT, "RUNNING/Running"),
    "failed to scheduled, ad hoc": (state("FAILED"), state("SCHEDULED"), {}, ABORT, "FAILED/Failed"),
    "failed to scheduled, deployed": (
        state("FAILED"), state("SCHEDULED"), {"has_deployment": True}, ACCEPT, "SCHEDULED/Scheduled",
    ),
    "completed with a result to running": (
        state("COMPLETED", data=RESULT), state("RUNNING"), {}, REJECT, "COMPLETED/Completed",
    ),
    "completed without a result to running": (
        state("COMPLETED", data={"type": "unpersisted"}), state("RUNNING"), {}, ACCEPT, "RUNNING/Running",
    ),
    "a result replaced by nothing": (
        state("COMPLETED", data=RESULT), state("COMPLETED"), {}, REJECT, "COMPLETED/Completed",
    ),
    # Cancelling leads to cancelled only, and at once when nothing executes the run
    "running to cancelling": (state("RUNNING"), state("CANCELLING"), {}, ACCEPT, "CANCELLING/Cancelling"),
    "cancelling to completed": (state("CANCELLING"), state("COMPLETED"), {}, REJECT, "CANCELLING/Cancelling"),
    "cancelling to cancelled": (state("CANCELLING"), state("CANCELLED"), {}, ACCEPT, "CANCELLED/Cancelled"),
    "scheduled to cancelling": (state("SCHEDULED"), state("CANCELLING"), {}, REJECT, "CANCELLED/Cancelled"),
    "scheduled with infrastructure to cancelling": (
        state("SCHEDULED"), state("CANCELLING"), {"has_infrastructure": True}, ACCEPT, "CANCELLING/Cancelling",
    ),
    "suspended to cancelling": (
        state("PAUSED", "Suspended", pause_reschedule=True), state("CANCELLING"), {}, REJECT, "CANCELLED/Cancelled",
    ),
    "paused to cancelling": (state("PAUSED"), state("CANCELLING"), {}, ACCEPT, "CANCELLING/Cancelling"),
    "resuming to cancelling": (
        state("SCHEDULED", "Resuming"), state("CANCELLING"), {"has_infrastructure": True},
        REJECT, "CANCELLED/Cancelled",
    ),
    # Late once, and only what is scheduled
    "scheduled to late": (state("SCHEDULED"), state("SCHEDULED", "Late"), {}, ACCEPT, "SCHEDULED/Late"),
    "late to late": (state("SCHEDULED", "Late"), state("SCHEDULED", "Late"), {}, REJECT, "SCHEDULED/Late"),
    "running to late": (state("RUNNING"), state("SCHEDULED", "Late"), {}, REJECT, "RUNNING/Running"),
    # Pausing: only what runs, once a key; suspending needs a deployment to come back through
    "running to paused": (state("RUNNING"), state("PAUSED"), {}, ACCEPT, "PAUSED/Paused"),
    "pending to paused": (state("PENDING"), state("PAUSED"), {}, REJECT, "PENDING/Pending"),
    "a pause that fired": (
        state("RUNNING"), state("PAUSED", pause_key="k"), {"policy": {"pause_keys": ["k"]}}, REJECT, "RUNNING/Running",
    ),
    "suspend, ad hoc": (state("RUNNING"), state("PAUSED", pause_reschedule=True), {}, ABORT, "RUNNING/Running"),
    "suspend, deployed": (
        state("RUNNING"), state("PAUSED", "Suspended", pause_reschedule=True), {"has_deployment": True},
        ACCEPT, "PAUSED/Suspended",
    ),
    "suspend a subflow": (
        state("RUNNING"), state("PAUSED", pause_reschedule=True), {"has_deployment": True, "is_subflow": True},
        ABORT, "RUNNING/Running",
    ),
    "paused to running": (state("PAUSED", pause_timeout=at(60)), state("RUNNING"), {}, ACCEPT, "RUNNING/Running"),
    "an expired pause that ends": (
        state("PAUSED", pause_timeout=at(-5)), state("COMPLETED"), {}, REJECT, "FAILED/Failed",
    ),
    "suspended, ad hoc": (
        state("PAUSED", pause_reschedule=True), state("RUNNING"), {}, REJECT, "PAUSED/Paused",
    ),
    "paused to pending": (state("PAUSED"), state("PENDING"), {}, REJECT, "PAUSED/Paused"),
    "an expired pause": (state("PAUSED", pause_timeout=at(-5)), state("RUNNING"), {}, REJECT, "FAILED/Failed"),
    "cancelling an expired pause": (
        state("PAUSED", pause_timeout=at(-5)), state("CANCELLING"), {}, ACCEPT, "CANCELLING/Cancelling",
    ),
    # A worker that lost its claim has no say, not even by force
    "under a lost claim": (state("PENDING"), state("RUNNING"), {"claim_is_held": False}, ABORT, "PENDING/Pending"),
    "under a held claim": (state("PENDING"), state("RUNNING"), {"claim_is_held": True}, ACCEPT, "RUNNING/Running"),
    "forced under a lost claim": (
        state("CANCELLING"), state("CANCELLED"), {"claim_is_held": False, "force": True},
        ABORT, "CANCELLING/Cancelling",
    ),
    # Force passes over the rules, except where a result or an answer to a cancellation would be lost
    "forced before its time": (
        state("SCHEDULED", scheduled_time=at(120)), state("RUNNING"), {"force": True}, ACCEPT, "RUNNING/Running",
    ),
    "forced out of the end": (state("CANCELLED"), state("PENDING"), {"force": True}, ACCEPT, "PENDING/Pending"),
    "forced over a result": (
        state("COMPLETED", data=RESULT), state("COMPLETED"), {"force": True}, REJECT, "COMPLETED/Completed",
    ),
    "forced cancelling of what waits": (
        state("SCHEDULED"), state("CANCELLING"), {"force": True}, REJECT, "CANCELLED/Cancelled",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("initial", "proposed", "facts", "status", "holds"), CASES.values(), ids=CASES)
def test_answers(initial, proposed, facts, status, holds):
    made = decision(initial, proposed, **facts)

    assert made.status is status, made.reason
    if holds is not None:
        held = made.write or initial
        assert f"{held.type.value}/{held.name}" == holds
    if status is not ACCEPT:
        assert made.reason


def test_waits_whole_seconds():
    made = decision(state("SCHEDULED", scheduled_time=at(2.4)), state("RUNNING"))

    assert made.delay_seconds == 2


def test_carries_the_scheduled_time_into_pending():
    made = decision(state("SCHEDULED", scheduled_time=at(9)), state("PENDING"))

    assert made.write.details["scheduled_time"] == at(9)


def test_keeps_the_scheduled_time_when_it_marks_a_run_late():
    made = decision(state("SCHEDULED", scheduled_time=at(-60)), state("SCHEDULED", "Late"))

    assert made.write.details["scheduled_time"] == at(-60)


def test_retries_after_the_delay_in_the_same_process_with_the_message_of_the_failure():
    made = decision(state("RUNNING"), state("FAILED", message="boom"), policy=RETRY_ONCE, run_count=1)

    assert made.write.details["scheduled_time"] == at(5)
    assert made.write.message == "boom"
    assert made.policy["retry_type"] == "in_process"


def test_says_that_an_exhausted_run_is_no_longer_retried():
    made = decision(state("RUNNING"), state("FAILED"), policy={**RETRY_ONCE, "retry_type": "in_process"}, run_count=2)

    assert made.policy["retry_type"] is None


def test_lets_workers_take_a_finished_run_that_is_rescheduled():
    made = decision(state("FAILED"), state("SCHEDULED"), has_deployment=True)

    assert made.policy["retry_type"] == "reschedule"


def test_remembers_the_key_of_each_pause():
    made = decision(state("RUNNING"), state("PAUSED", pause_key="b"), policy={"pause_keys": ["a"]})

    assert made.policy["pause_keys"] == ["a", "b"]


def test_makes_up_the_key_of_a_pause_without_one():
    made = decision(state("RUNNING"), state("PAUSED"))

    assert len(made.policy["pause_keys"]) == 1
    assert made.write.details.get("pause_key") is None


def test_writes_nothing_when_it_keeps_the_present_state():
    made = decision(state("CANCELLING"), state("COMPLETED"))

    assert made.write is None
    assert made.status is REJECT


@pytest.mark.parametrize("type_", sorted(set(StateType) - {StateType.CANCELLED}))
def test_lets_nothing_but_cancelled_follow_cancelling(type_):
    made = decision(state("CANCELLING"), state(type_, "Late" if type_ == "SCHEDULED" else ""))

    assert made.write is None
