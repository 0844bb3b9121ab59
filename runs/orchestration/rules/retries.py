"""A failure is repeated as often as its author asked for."""

from __future__ import annotations

import math
import random
from datetime import timedelta

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time
from runs.orchestration.decide import rule
from runs.orchestration.transition import RunFacts, Transition
from runs.orchestration.verdicts import PASS, Pass, Replace, Verdict


@rule(before={StateType.RUNNING}, after={StateType.FAILED})
def retry_failed_flow_runs(transition: Transition) -> Verdict:
    """The process that failed tries again itself; no worker may take the run meanwhile."""
    run = transition.run
    if run.policy.get("retries") is None or not run.has_retries_left:
        return Pass(policy={"retry_type": None})
    delay = float(run.policy.get("retry_delay") or 0)
    policy = {"resuming": False, "pause_keys": [], "retry_type": "in_process"}
    return Replace(_awaiting_retry(transition, delay), reason="Retrying", policy=policy)


@rule(before={StateType.RUNNING}, after={StateType.FAILED})
def retry_failed_task_runs(transition: Transition) -> Verdict:
    run = transition.run
    if transition.proposed.details.get("retriable") is False or not run.has_retries_left:
        return PASS
    return Replace(_awaiting_retry(transition, retry_delay_seconds(run)), reason="Retrying")


def retry_delay_seconds(run: RunFacts) -> float:
    """The configured delay, or with a `retry_jitter_factor` one drawn at random around it.

    A list gives one delay for each retry in turn; its last value serves for all further ones.
    """
    configured = run.policy.get("retry_delay") or 0
    if isinstance(configured, list):
        delay = float(configured[min(run.run_count, len(configured)) - 1])
    else:
        delay = float(configured)
    jitter = run.policy.get("retry_jitter_factor") or 0
    return jittered(delay, jitter) if jitter > 0 else delay


def jittered(seconds: float, factor: float) -> float:
    """Drawn as the gaps between independent events are, that follow each other after `seconds` in the median.

    At most `1 + factor` times as much; as rarely as it would be longer, it would be shorter than the least.
    """
    most = 1 + factor
    tail = 2.0**-most  # how likely a longer one would be, and so a shorter one
    return seconds * -math.log2(random.uniform(tail, 1 - tail))


def _awaiting_retry(transition: Transition, delay_seconds: float) -> State:
    proposed = transition.proposed
    details = {"scheduled_time": format_time(transition.at + timedelta(seconds=delay_seconds))}
    for key in ("deployment_concurrency_lease_id", "transition_id", "traceparent"):
        if proposed.details.get(key):
            details[key] = proposed.details[key]
    return State(
        type=StateType.SCHEDULED,
        name="AwaitingRetry",
        message=proposed.message,
        data=proposed.data,
        details=details,
        timestamp=transition.at,
    )
