"""A run whose process is gone begins anew, in whichever process takes it next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from runs.models import FlowRun
from runs.services.transitions import Answer, propose_state_of_locked


def needs_its_process(run: FlowRun) -> bool:
    """Whether nothing would ever go on with the run when the process that has it leaves it as it is."""
    if run.state_type == StateType.SCHEDULED:
        return run.empirical_policy.get("retry_type") == "in_process"
    if run.state_type == StateType.PAUSED:
        return not (run.state or {}).get("state_details", {}).get("pause_reschedule")
    return not run.is_terminal


def others_can_begin(run: FlowRun) -> bool:
    """Whether anybody but the program that made it can: it belongs to a deployment that still exists."""
    deployment: Any = run.deployment if run.deployment_id else None
    return deployment is not None


def begin_again(run: FlowRun, *, message: str, at: datetime | None = None) -> Answer:
    """Schedule a locked run for whoever takes it, `at` a time or now."""
    # The next process begins the code anew, so retries and pauses of the one that is gone are void.
    run.empirical_policy = run.policy_with(retry_type="reschedule", resuming=False, pause_keys=[])
    run.infrastructure_pid = None
    FlowRun.objects.filter(pk=run.pk).update(empirical_policy=run.empirical_policy, infrastructure_pid=None)
    details = {"scheduled_time": format_time(at or now())}
    state = State(type=StateType.SCHEDULED, name="AwaitingRetry", message=message, details=details)
    return propose_state_of_locked(run, proposal=state, force=True)
