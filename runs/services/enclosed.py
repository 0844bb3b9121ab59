"""What runs in the process of a flow run, and so ends with that process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from orchestrator.contract.states import TERMINAL, State, StateType
from orchestrator.contract.times import now
from runs.errors import RunNotFound
from runs.models import FlowRun, FlowRunState, StateDeadline, TaskRun
from runs.orchestration.transition import RunKind
from runs.services.overdue import has_due, look_after_due
from runs.services.subflows import subflows_of
from runs.services.transitions import locked_flow_run, propose_state, propose_state_of_locked

# What a process sent before it died may be recorded only after its death was noticed. It takes no longer than this.
REPORTS_WITHIN = timedelta(seconds=10)
_HAS_UNFINISHED_TASKS = Exists(TaskRun.objects.unfinished().filter(flow_run=OuterRef("pk"), child_flow_runs=None))
_NOT_ENDED = ~Q(state_type__in=[type_.value for type_ in TERMINAL])
_BEGUN = (StateType.PENDING.value, StateType.RUNNING.value)
LATE = "The process that executed the run died"


def crash_what_ran_inside(
    run: FlowRun, *, reason: str, note: Callable[[FlowRun, State | None], None] | None = None
) -> None:
    """End the subflows and task runs that nobody goes on with, because the process that executed `run` is gone.

    A subflow of a deployment runs elsewhere and goes on, and so does the task run that stands for it. `note` is told
    of each subflow that was ended, and of its new state.
    """
    _crash_inside(run, reason, note)
    if run.state_id is not None:
        StateDeadline(
            flow_run_id=run.pk,
            state_id=run.state_id,
            kind=StateDeadline.Kind.LATE_REPORTS,
            at=now() + REPORTS_WITHIN,
        ).save(force_insert=True)


def _crash_inside(run: FlowRun, reason: str, note: Callable[[FlowRun, State | None], None] | None) -> None:
    # A subflow that ended may have left task runs whose last reports were lost with the process.
    left = _subflows_of([run.pk]).filter(_NOT_ENDED | _HAS_UNFINISHED_TASKS)
    for child_id in list(left.values_list("pk", flat=True)):
        child = locked_flow_run(child_id)
        _crash_inside(child, reason, note)
        if not child.is_terminal:
            answer = propose_state_of_locked(child, proposal=_crashed(reason), force=True)
            if note is not None:
                note(child, answer.state)
    _crash(_unfinished_tasks_of(run), reason)


def has_late_reports() -> bool:
    """Whether `crash_what_was_reported_late` has runs to look at."""
    return has_due(StateDeadline.Kind.LATE_REPORTS)


def crash_what_was_reported_late() -> int:
    """End the task runs that came to light after their process was known to be dead, of a batch of runs.

    Returns how many runs had such.
    """
    return look_after_due(StateDeadline.Kind.LATE_REPORTS, _crash_what_came_late)


def _crash_what_came_late(run: FlowRun, deadline: StateDeadline) -> bool:
    last = FlowRunState.objects.filter(pk=deadline.state_id).first()
    if last is None:
        return False
    # The run may have been begun again meanwhile. Then those are left that the next process may have reported.
    begun = FlowRunState.objects.filter(flow_run=run.pk, type__in=_BEGUN, timestamp__gt=last.timestamp)
    begun_at = begun.aggregate(first=Min("timestamp"))["first"]
    crashed, runs = 0, [run]
    while runs:
        crashed += sum(_crash(_of_dead_process(each, begun_at), LATE) for each in runs)
        # A subflow is looked for again in the next process, and begins anew with the same row.
        runs = list(_subflows_of([each.pk for each in runs]))
    return crashed > 0


def _of_dead_process(run: FlowRun, begun_at: datetime | None) -> QuerySet[TaskRun]:
    """The unfinished task runs that were reported before the next process took over, or count as an earlier try."""
    tasks = _unfinished_tasks_of(run)
    if begun_at is None or not tasks.exists():
        return tasks
    tries = FlowRunState.objects.filter(flow_run=run.pk, type=StateType.RUNNING, timestamp__gte=begun_at).count()
    earlier = Q(flow_run_run_count__gt=0, flow_run_run_count__lte=run.run_count - tries)
    return tasks.filter(earlier | Q(updated__lt=begun_at))


def _subflows_of(run_ids: Sequence[UUID]) -> QuerySet[FlowRun]:
    """Those in the same process."""
    return subflows_of(run_ids).filter(deployment=None)


def _unfinished_tasks_of(run: FlowRun) -> QuerySet[TaskRun]:
    return TaskRun.objects.unfinished().filter(flow_run=run.pk, child_flow_runs=None)


def _crash(task_runs: QuerySet[TaskRun], reason: str) -> int:
    """In the order in which reports are recorded, which may still be coming in. Returns how many there were."""
    found = list(task_runs.order_by("pk").values_list("pk", flat=True))
    for task_run_id in found:
        with suppress(RunNotFound):  # it was deleted just now
            propose_state(kind=RunKind.TASK_RUN, run_id=task_run_id, proposal=_crashed(reason), force=True)
    return len(found)


def _crashed(reason: str) -> State:
    return State(type=StateType.CRASHED, message=f"{reason.rstrip('.')}; this ran in the same process.")
