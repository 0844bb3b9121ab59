"""What runs in the process of a flow run, and so ends with that process."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.contract.states import State, StateType
from runs.models import FlowRun, TaskRun
from runs.orchestration.transition import RunKind
from runs.services.transitions import locked_flow_run, propose_state, propose_state_of_locked


def crash_what_ran_inside(
    run: FlowRun, *, reason: str, note: Callable[[FlowRun, State | None], None] | None = None
) -> None:
    """End the subflows and task runs that nobody goes on with, because the process that executed `run` is gone.

    A subflow of a deployment runs elsewhere and goes on, and so does the task run that stands for it. `note` is told
    of each subflow that was ended, and of its new state.
    """
    children = FlowRun.objects.unfinished().filter(parent_task_run__flow_run=run.pk, deployment=None)
    for child_id in list(children.values_list("pk", flat=True)):
        child = locked_flow_run(child_id)
        if not child.is_terminal:
            crash_what_ran_inside(child, reason=reason, note=note)
            answer = propose_state_of_locked(child, proposal=_crashed(reason), force=True)
            if note is not None:
                note(child, answer.state)
    tasks = TaskRun.objects.unfinished().filter(flow_run=run.pk, child_flow_runs=None)
    # In the order in which the last reports of that process are recorded, which may still be coming in.
    for task_id in list(tasks.order_by("pk").values_list("pk", flat=True)):
        propose_state(kind=RunKind.TASK_RUN, run_id=task_id, proposal=_crashed(reason), force=True)


def _crashed(reason: str) -> State:
    return State(type=StateType.CRASHED, message=f"{reason.rstrip('.')}; this ran in the same process.")
