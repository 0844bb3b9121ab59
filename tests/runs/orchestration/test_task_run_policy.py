"""What may happen to a task run whose states are proposed over REST: every row is one proposal and its answer."""

from __future__ import annotations

from uuid import UUID

import pytest

from orchestrator.contract.states import Status
from runs.orchestration.rules.retries import retry_delay_seconds
from runs.orchestration.transition import RunFacts, RunKind
from tests.runs.orchestration.cases import RUN_ID, at, decision, state

FLOW_RUN = UUID(int=2)
IN_RUNNING_FLOW = {"flow_run_id": FLOW_RUN, "flow_run_state": state("RUNNING")}
RESULT = {"type": "reference", "storage_key": "x"}
RETRY_ONCE = {"retries": 1, "retry_delay": 2}

ACCEPT, REJECT, WAIT, ABORT = Status

# initial, proposed, facts -> status, the type and name that the task run has afterwards
CASES = {
    # The ordinary way, with and without a flow around it
    "pending to running": (state("PENDING"), state("RUNNING"), IN_RUNNING_FLOW, ACCEPT, "RUNNING/Running"),
    "a background task": (state("SCHEDULED", scheduled_time=at(-1)), state("RUNNING"), {}, ACCEPT, "RUNNING/Running"),
    # The flow around it has to run
    "flow without a state": (state("PENDING"), state("RUNNING"), {"flow_run_id": FLOW_RUN}, ABORT, "PENDING/Pending"),
    "flow completed": (
        state("PENDING"), state("RUNNING"), {"flow_run_id": FLOW_RUN, "flow_run_state": state("COMPLETED")},
        ABORT, "PENDING/Pending",
    ),
    "flow paused": (
        state("PENDING"), state("RUNNING"), {"flow_run_id": FLOW_RUN, "flow_run_state": state("PAUSED")},
        REJECT, "PAUSED/NotReady",
    ),
    # Not before its time
    "due in two minutes": (state("SCHEDULED", scheduled_time=at(120)), state("RUNNING"), {}, WAIT, None),
    # Retries: one retry repeats the first failure (run_count 1), not the second
    "first failure": (
        state("RUNNING"), state("FAILED"), {"policy": RETRY_ONCE, "run_count": 1}, REJECT, "SCHEDULED/AwaitingRetry",
    ),
    "second failure": (
        state("RUNNING"), state("FAILED"), {"policy": RETRY_ONCE, "run_count": 2}, ACCEPT, "FAILED/Failed",
    ),
    "a failure that its author calls final": (
        state("RUNNING"), state("FAILED", retriable=False), {"policy": RETRY_ONCE, "run_count": 1},
        ACCEPT, "FAILED/Failed",
    ),
    # A second run says why it runs
    "after its own failure": (
        state("SCHEDULED", "AwaitingRetry", scheduled_time=at(-1)), state("RUNNING"), {"run_count": 1},
        ACCEPT, "RUNNING/Retrying",
    ),
    "once more": (state("PENDING"), state("RUNNING"), {"run_count": 1}, ACCEPT, "RUNNING/Rerunning"),
    "finished, its flow retried": (
        state("COMPLETED"), state("RUNNING"),
        {**IN_RUNNING_FLOW, "run_count": 1, "flow_run_run_count": 2, "recorded_flow_run_run_count": 1},
        ACCEPT, "RUNNING/Retrying",
    ),
    "finished, begun again": (
        state("FAILED"), state("RUNNING"),
        {**IN_RUNNING_FLOW, "run_count": 1, "flow_run_run_count": 1, "recorded_flow_run_run_count": 1},
        ACCEPT, "RUNNING/Running",
    ),
    # The end is the end
    "completed to crashed": (state("COMPLETED"), state("CRASHED"), {}, ABORT, "COMPLETED/Completed"),
    "a stored result stays": (state("COMPLETED", data=RESULT), state("PENDING"), {}, REJECT, "COMPLETED/Completed"),
    "a stored result stays, whatever comes": (
        state("COMPLETED", data=RESULT), state("FAILED"), {}, REJECT, "COMPLETED/Completed",
    ),
    "a name of one's own gives way": (
        state("RUNNING"), state("RUNNING", "Mine"), {"run_count": 1}, ACCEPT, "RUNNING/Rerunning",
    ),
    # A key that is too long to be found by: completed, and told so
    "long cache key": (state("RUNNING"), state("COMPLETED", cache_key="k" * 2001), {}, REJECT, "COMPLETED/Completed"),
    "longest cache key": (
        state("RUNNING"), state("COMPLETED", cache_key="k" * 2000), {}, ACCEPT, "COMPLETED/Completed",
    ),
    # Force asks nobody
    "forced": (state("COMPLETED", data=RESULT), state("PENDING"), {"force": True}, ACCEPT, "PENDING/Pending"),
}  # fmt: skip


# Background tasks, whose proposed states say `deferred`: one worker takes each, and no flow need run
DEFERRED = {
    "taken": (state("SCHEDULED"), state("PENDING"), {}, ACCEPT, "PENDING/Pending"),
    "taken twice": (state("PENDING"), state("PENDING"), {}, ABORT, "PENDING/Pending"),
    "taken while it runs": (state("RUNNING"), state("PENDING", "Submitting"), {}, ABORT, "RUNNING/Running"),
    "taken with force": (state("PENDING"), state("PENDING"), {"force": True}, ABORT, "PENDING/Pending"),
    "of a flow that ended": (
        state("PENDING"), state("RUNNING"), {"flow_run_id": FLOW_RUN, "flow_run_state": state("COMPLETED")},
        ACCEPT, "RUNNING/Running",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("initial", "proposed", "facts", "status", "holds"), DEFERRED.values(), ids=DEFERRED)
def test_answers_to_background_tasks(initial, proposed, facts, status, holds):
    made = decision(initial, proposed, kind=RunKind.TASK_RUN, deferred=True, **facts)

    held = made.write or initial
    assert (made.status, f"{held.type.value}/{held.name}") == (status, holds), made.reason


def test_keeps_the_parameters_of_a_background_task():
    made = decision(state("SCHEDULED", task_parameters_id="p"), state("PENDING"), kind=RunKind.TASK_RUN, deferred=True)

    assert made.write.details["task_parameters_id"] == "p"


@pytest.mark.parametrize(("initial", "proposed", "facts", "status", "holds"), CASES.values(), ids=CASES)
def test_answers(initial, proposed, facts, status, holds):
    made = decision(initial, proposed, kind=RunKind.TASK_RUN, **facts)

    assert made.status is status, made.reason
    if holds is not None:
        held = made.write or initial
        assert f"{held.type.value}/{held.name}" == holds


@pytest.mark.parametrize(
    ("delay", "run_count", "seconds"),
    [
        (2, 1, 2),  # one number serves for every retry
        (None, 1, 0),  # nothing configured means at once
        ([1, 10], 1, 1),  # the first retry takes the first of a list
        ([1, 10], 2, 10),  # the second the second
        ([1, 10], 5, 10),  # further ones repeat the last
    ],
)
def test_delays_a_retry(delay, run_count, seconds):
    run = RunFacts(id=RUN_ID, kind=RunKind.TASK_RUN, run_count=run_count, policy={"retry_delay": delay})

    assert retry_delay_seconds(run) == seconds


def test_jitters_a_delay_around_it_by_at_most_the_factor():
    policy = {"retry_delay": 10, "retry_jitter_factor": 0.5}
    run = RunFacts(id=RUN_ID, kind=RunKind.TASK_RUN, run_count=1, policy=policy)

    delays = [retry_delay_seconds(run) for _ in range(200)]

    # With a factor of 0.5 at most 1.5 times as long, and at least log2(2^1.5 / (2^1.5 - 1)) = 0.629 times.
    assert all(6.29 <= delay <= 15 for delay in delays)
    assert min(delays) < 10 < max(delays)
