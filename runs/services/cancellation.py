"""A cancellation is brought to its end, also where nobody is left to do it."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from runs.errors import RunNotFound
from runs.models import FlowRun, StateDeadline, TaskRun
from runs.orchestration.transition import RunKind
from runs.services.overdue import has_due, look_after_due
from runs.services.subflows import subflows_of
from runs.services.transitions import locked_flow_run, propose_state, propose_state_of_locked

CHILDREN = 100  # task runs, and subflows, of one run that one transaction cancels
TIMED_OUT = "Flow run cancellation timed out; marked this flow run as Cancelled."
PARENT_CANCELLED = "The parent flow run was cancelled."


def has_unfinished_cancellations() -> bool:
    """Whether one of the two below has runs to look at."""
    return has_due(StateDeadline.Kind.CANCELLING) or has_due(StateDeadline.Kind.CHILDREN)


def time_out_cancelling() -> int:
    """Take runs for cancelled that were asked to end long ago, a batch of them. Returns how many."""
    return look_after_due(StateDeadline.Kind.CANCELLING, _time_out)


def cancel_children() -> int:
    """Cancel what cancelled runs left unfinished, a batch of runs. Returns how many runs had left something."""
    return look_after_due(StateDeadline.Kind.CHILDREN, _cancel_children_of)


def _time_out(run: FlowRun, deadline: StateDeadline) -> bool:
    state = run.current_state
    if state is None or state.type is not StateType.CANCELLING or not deadline.is_about(state.id):
        return False
    return propose_state_of_locked(run, proposal=State(StateType.CANCELLED, message=TIMED_OUT)).written


def _cancel_children_of(run: FlowRun, deadline: StateDeadline) -> bool:
    if run.state_type != StateType.CANCELLED:
        return False  # it was begun again meanwhile
    # A task run that stands for a subflow shows the subflow's state.
    tasks = TaskRun.objects.unfinished().filter(flow_run=run.pk, child_flow_runs=None)
    subflows = subflows_of([run.pk]).unfinished()
    subflows = subflows.exclude(state_type=StateType.CANCELLING, deployment__isnull=False)
    cancelled = 0
    for task_run_id in list(tasks.order_by("pk").values_list("pk", flat=True)[:CHILDREN]):
        with suppress(RunNotFound):  # it was deleted just now
            cancelled += _cancel_task_run(task_run_id)
    for subflow_id in list(subflows.order_by("pk").values_list("pk", flat=True)[:CHILDREN]):
        with suppress(RunNotFound):
            # The parent before its child, as everybody locks them.
            cancelled += _cancel_subflow(locked_flow_run(subflow_id))
    if cancelled >= CHILDREN:
        # There may be more: the next call goes on.
        StateDeadline(flow_run_id=run.pk, state_id=deadline.state_id, kind=deadline.kind, at=now()).save()
    return cancelled > 0


def _cancel_task_run(task_run_id: UUID) -> bool:
    proposal = State(StateType.CANCELLED, message=PARENT_CANCELLED)
    return propose_state(kind=RunKind.TASK_RUN, run_id=task_run_id, proposal=proposal, force=True).written


def _cancel_subflow(child: FlowRun) -> bool:
    if child.is_terminal or child.state_type == StateType.CANCELLING:
        return False
    # A deployment's run has a process of its own, which is asked to stop; the others ran within the parent's.
    type_ = StateType.CANCELLING if child.deployment_id else StateType.CANCELLED
    return propose_state_of_locked(child, proposal=State(type_, message=PARENT_CANCELLED)).written
