"""The rules, in the order in which they are asked. To change what may happen to a run, read this list first."""

from __future__ import annotations

from runs.orchestration.decide import Rule
from runs.orchestration.rules.cancelling import (
    allow_only_cancelled_after_cancelling,
    cancel_at_once_without_infrastructure,
)
from runs.orchestration.rules.claims import refuse_a_lost_claim
from runs.orchestration.rules.duplicates import refuse_a_repeated_transition
from runs.orchestration.rules.enclosing_flow import refuse_tasks_of_a_stopped_flow
from runs.orchestration.rules.late import mark_late_once
from runs.orchestration.rules.pausing import leave_a_pause_only_forward, pause_only_what_runs
from runs.orchestration.rules.pending import refuse_a_second_claimant
from runs.orchestration.rules.renaming import name_repeated_runs
from runs.orchestration.rules.results import keep_persisted_results
from runs.orchestration.rules.retries import retry_failed_flow_runs, retry_failed_task_runs
from runs.orchestration.rules.scheduling import keep_the_scheduled_time, wait_for_the_scheduled_time
from runs.orchestration.rules.terminal import guard_finished_flow_runs, guard_finished_task_runs
from runs.orchestration.transition import RunKind

FLOW_RUN_RULES: tuple[Rule, ...] = (
    refuse_a_lost_claim,
    refuse_a_repeated_transition,
    guard_finished_flow_runs,
    allow_only_cancelled_after_cancelling,
    cancel_at_once_without_infrastructure,
    refuse_a_second_claimant,
    mark_late_once,
    pause_only_what_runs,
    leave_a_pause_only_forward,
    keep_the_scheduled_time,
    wait_for_the_scheduled_time,
    retry_failed_flow_runs,
)

TASK_RUN_RULES: tuple[Rule, ...] = (
    guard_finished_task_runs,
    refuse_tasks_of_a_stopped_flow,
    keep_the_scheduled_time,
    wait_for_the_scheduled_time,
    retry_failed_task_runs,
    name_repeated_runs,
)

# With `force` an operator or the server insists: only what would lose a result or leave a run hanging is refused.
FORCED_FLOW_RUN_RULES: tuple[Rule, ...] = (
    refuse_a_lost_claim,
    keep_persisted_results,
    cancel_at_once_without_infrastructure,
)

FORCED_TASK_RUN_RULES: tuple[Rule, ...] = ()


def rules_for(kind: RunKind, *, force: bool) -> tuple[Rule, ...]:
    if kind is RunKind.FLOW_RUN:
        return FORCED_FLOW_RUN_RULES if force else FLOW_RUN_RULES
    return FORCED_TASK_RUN_RULES if force else TASK_RUN_RULES
