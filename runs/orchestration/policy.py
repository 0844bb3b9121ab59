"""The rules, in the order in which they are asked. To change what may happen to a run, read this list first."""

from __future__ import annotations

from runs.orchestration.decide import Rule
from runs.orchestration.rules.buried import refuse_a_buried_process
from runs.orchestration.rules.caching import refuse_long_cache_keys, reuse_the_cached_state
from runs.orchestration.rules.cancelling import (
    allow_only_cancelled_after_cancelling,
    cancel_at_once_without_infrastructure,
)
from runs.orchestration.rules.catch_up import skip_only_what_was_missed, skip_what_was_missed
from runs.orchestration.rules.claims import refuse_a_lost_claim
from runs.orchestration.rules.deployment_concurrency import (
    cancel_new_when_full_and_late,
    keep_the_lease,
    keep_the_lease_by_force,
    keep_the_slot_of_a_run_that_begins,
    keep_the_slot_of_a_run_that_is_cancelled,
    take_a_slot_of_the_deployment,
)
from runs.orchestration.rules.duplicates import refuse_a_repeated_transition
from runs.orchestration.rules.enclosing_flow import refuse_tasks_of_a_stopped_flow
from runs.orchestration.rules.late import mark_late_once
from runs.orchestration.rules.pausing import leave_a_pause_only_forward, pause_only_what_runs
from runs.orchestration.rules.pending import refuse_a_second_claimant
from runs.orchestration.rules.renaming import name_repeated_runs
from runs.orchestration.rules.results import keep_persisted_results
from runs.orchestration.rules.retries import retry_failed_flow_runs, retry_failed_task_runs
from runs.orchestration.rules.scheduling import (
    keep_the_parameters_of_the_task,
    keep_the_scheduled_time,
    wait_for_the_scheduled_time,
)
from runs.orchestration.rules.tag_concurrency import take_slots_of_the_tags
from runs.orchestration.rules.terminal import guard_finished_flow_runs, guard_finished_task_runs
from runs.orchestration.transition import RunKind

FLOW_RUN_RULES: tuple[Rule, ...] = (
    refuse_a_lost_claim,
    keep_the_lease,
    refuse_a_repeated_transition,
    refuse_a_buried_process,
    guard_finished_flow_runs,
    allow_only_cancelled_after_cancelling,
    cancel_at_once_without_infrastructure,
    refuse_a_second_claimant,
    skip_what_was_missed,
    keep_the_slot_of_a_run_that_begins,
    keep_the_slot_of_a_run_that_is_cancelled,
    take_a_slot_of_the_deployment,
    mark_late_once,
    pause_only_what_runs,
    leave_a_pause_only_forward,
    keep_the_scheduled_time,
    wait_for_the_scheduled_time,
    retry_failed_flow_runs,
)

TASK_RUN_RULES: tuple[Rule, ...] = (
    guard_finished_task_runs,
    reuse_the_cached_state,
    refuse_tasks_of_a_stopped_flow,
    take_slots_of_the_tags,
    keep_the_scheduled_time,
    wait_for_the_scheduled_time,
    retry_failed_task_runs,
    name_repeated_runs,
    refuse_long_cache_keys,
)

# Background tasks are handed to one of several workers, as flow runs are, and no flow has to run around them.
DEFERRED_TASK_RUN_RULES: tuple[Rule, ...] = (
    refuse_a_second_claimant,
    guard_finished_task_runs,
    reuse_the_cached_state,
    keep_the_scheduled_time,
    keep_the_parameters_of_the_task,
    wait_for_the_scheduled_time,
    retry_failed_task_runs,
    name_repeated_runs,
    refuse_long_cache_keys,
)

# With `force` an operator or the server insists: only what would lose a result or leave a run hanging is refused.
FORCED_FLOW_RUN_RULES: tuple[Rule, ...] = (
    refuse_a_lost_claim,
    keep_the_lease_by_force,
    keep_persisted_results,
    cancel_at_once_without_infrastructure,
)

FORCED_TASK_RUN_RULES: tuple[Rule, ...] = ()

# Asked when the server marks a run that did not begin in time.
LATE_MARK_RULES: tuple[Rule, ...] = (mark_late_once, cancel_new_when_full_and_late)


# Asked when the server skips a run that was missed and that nobody takes.
SKIP_RULES: tuple[Rule, ...] = (skip_only_what_was_missed,)


def rules_for(kind: RunKind, *, force: bool, deferred: bool = False) -> tuple[Rule, ...]:
    """`deferred` is whether the proposed state is one of a background task; then the rules are asked even by force."""
    if kind is RunKind.FLOW_RUN:
        return FORCED_FLOW_RUN_RULES if force else FLOW_RUN_RULES
    if deferred:
        return DEFERRED_TASK_RUN_RULES
    return FORCED_TASK_RUN_RULES if force else TASK_RUN_RULES
