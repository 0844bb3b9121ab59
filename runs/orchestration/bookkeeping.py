"""What a written state changes on its run, besides being its state. Always done, also with force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.contract.states import State, StateType
from runs.orchestration.transition import RunFacts, RunKind


def changes_to_run(
    run: RunFacts, initial: State | None, written: State, *, policy: Mapping[str, Any], forced: bool = False
) -> dict[str, Any]:
    """The run's columns that change, with their new values; `run_seconds` is to be added to `total_run_time`.

    `policy` holds the changes that the rules asked for. A `forced` state, which the rules were not asked about or
    which they put in the place of the proposed one, leaves alone what counts the attempts of a task run.
    """
    # A rule that takes the run for begun anew says so, whatever an unfinished pause has left in the policy.
    resuming = bool(run.policy.get("resuming")) and policy.get("resuming") is not False
    changes: dict[str, Any] = {}
    policy_changes = dict(policy)

    if run.expected_start_time is None:
        planned = written.scheduled_time if written.type is StateType.SCHEDULED else None
        changes["expected_start_time"] = planned or written.timestamp
    changes["next_scheduled_start_time"] = written.scheduled_time if written.type is StateType.SCHEDULED else None

    if initial is not None and initial.type is StateType.RUNNING:
        changes["run_seconds"] = max(0.0, (written.timestamp - initial.timestamp).total_seconds())

    if written.type is StateType.RUNNING:
        if run.start_time is None:
            changes["start_time"] = written.timestamp
        if not resuming:
            changes["run_count"] = run.run_count + 1
        if run.kind is RunKind.TASK_RUN and not forced:
            changes["flow_run_run_count"] = run.flow_run_run_count

    if written.is_terminal:
        changes["end_time"] = written.timestamp
        if run.start_time is None:
            changes["start_time"] = written.timestamp
    elif initial is not None and initial.is_terminal:
        changes["end_time"] = None
        if run.kind is RunKind.TASK_RUN:
            if not forced:
                changes["run_count"] = 1 if written.type is StateType.RUNNING else 0  # with all of its retries
        else:
            changes["infrastructure_pid"] = None  # what executed it has ended, and cannot be asked to cancel it

    if run.kind is RunKind.FLOW_RUN and resuming and (written.type is StateType.RUNNING or written.is_terminal):
        policy_changes["resuming"] = False
    if policy_changes:
        changes["empirical_policy"] = {**run.policy, **policy_changes}
    return changes
