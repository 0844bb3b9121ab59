"""Rows to test with, written by the ORM alone: no rule is asked and no event is emitted.

Every function takes what matters to the test and makes up the rest. Times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from deployments.models import Deployment, Worker, WorkPool, WorkQueue
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from runs.models import Flow, FlowRun, FlowRunState, FlowRunTag, Log, TaskRun, TaskRunState
from runs.models.run import Run
from runs.services.failures.columns import failure_columns

_numbers = count(1)


def make_flow(name: str | None = None) -> Flow:
    return Flow.objects.create(name=name or f"flow-{next(_numbers)}")


def make_work_pool(name: str | None = None, **columns: Any) -> WorkPool:
    """A Celery pool with its queue `default`."""
    pool = WorkPool.objects.create(**{"name": name or f"pool-{next(_numbers)}", "type": "celery"} | columns)
    pool.default_queue = WorkQueue.objects.create(work_pool=pool, name="default")
    pool.save()
    return pool


def make_worker(pool: WorkPool, name: str | None = None, *, silent_after: datetime | None = None) -> Worker:
    """A worker that is online until `silent_after` (default: for another minute)."""
    return Worker.objects.create(
        work_pool=pool,
        name=name or f"worker-{next(_numbers)}",
        last_heartbeat_time=now(),
        silent_after=silent_after or now() + timedelta(minutes=1),
    )


def make_deployment(flow: Flow | None = None, *, pool: WorkPool | None = None, **columns: Any) -> Deployment:
    return Deployment.objects.create(
        **{
            "flow": flow or make_flow(),
            "name": f"deployment-{next(_numbers)}",
            "work_queue": pool.default_queue if pool else None,
            "entrypoint": "flow.py:main",
        }
        | columns
    )


def make_state(state: StateType | State | str, *, at: datetime | None = None, message: str | None = None) -> State:
    """A state from its type, from a wire name such as `COMPLETED`, or from itself."""
    if isinstance(state, State):
        return state
    return State(StateType(state), timestamp=at or now(), message=message)


def make_flow_run(
    state: StateType | State | str | None = StateType.RUNNING,
    *,
    flow: Flow | None = None,
    started: datetime | None = None,
    seconds: float = 10.0,
    message: str | None = None,
    tags: Sequence[str] = (),
    history: Iterable[State] = (),
    **columns: Any,
) -> FlowRun:
    """A flow run in `state` (None: without any), with `history` and that state as its state rows.

    `started` defaults to `seconds` ago; a finished run ended `seconds` after it.
    """
    values = {"flow": flow or make_flow(), "name": f"run-{next(_numbers)}", "tags": list(tags)}
    values |= _times_and_state(state, started=started, seconds=seconds, message=message)
    run = FlowRun.objects.create(**values | columns)
    FlowRunTag.objects.bulk_create([FlowRunTag(flow_run=run, tag=tag) for tag in tags])
    FlowRunState.objects.bulk_create(
        [FlowRunState(flow_run=run, **_state_columns(one)) for one in _all_states(run, history)]
    )
    return run


def make_task_run(
    state: StateType | State | str | None = StateType.RUNNING,
    *,
    flow_run: FlowRun | None = None,
    task: str = "task",
    upstream: Iterable[TaskRun] = (),
    started: datetime | None = None,
    seconds: float = 1.0,
    message: str | None = None,
    history: Iterable[State] = (),
    **columns: Any,
) -> TaskRun:
    """A task run of `flow_run` (default: a running one), which was given the results of `upstream`."""
    key = next(_numbers)
    values: dict[str, Any] = {
        "flow_run": flow_run or make_flow_run(),
        "name": f"{task}-{key:03x}",
        "task_key": f"{task}-1a2b3c4d",
        "dynamic_key": str(key),
        "task_inputs": {
            f"x{number}": [{"input_type": "task_run", "id": str(one.id)}] for number, one in enumerate(upstream)
        },
    }
    values |= _times_and_state(state, started=started, seconds=seconds, message=message)
    run = TaskRun.objects.create(**values | columns)
    TaskRunState.objects.bulk_create(
        [TaskRunState(task_run=run, **_state_columns(one)) for one in _all_states(run, history)]
    )
    return run


def make_logs(
    run: FlowRun | TaskRun,
    *messages: str,
    level: int = 20,
    started: datetime | None = None,
    every: float = 0.01,
    logger: str | None = None,
) -> list[Log]:
    """One line for each message, `every` seconds apart; those of a task run belong to its flow run too."""
    first = started or run.start_time or now()
    of_task = isinstance(run, TaskRun)
    return Log.objects.bulk_create(
        Log(
            name=logger or ("prefect.task_runs" if of_task else "prefect.flow_runs"),
            level=level,
            message=message,
            timestamp=first + timedelta(seconds=number * every),
            flow_run_id=run.flow_run_id if isinstance(run, TaskRun) else run.id,
            task_run_id=run.id if of_task else None,
        )
        for number, message in enumerate(messages)
    )


def _times_and_state(
    state: StateType | State | str | None, *, started: datetime | None, seconds: float, message: str | None
) -> dict[str, Any]:
    begun = started or now() - timedelta(seconds=seconds)
    if state is None:
        return {"expected_start_time": begun}
    value = make_state(state, message=message)
    waits = value.type in (StateType.SCHEDULED, StateType.PENDING)
    ended = begun + timedelta(seconds=seconds) if value.is_terminal else None
    if not isinstance(state, State):
        value = value.with_(timestamp=ended or (begun if value.type is StateType.RUNNING else value.timestamp))
    return {
        "state": value.to_wire(),
        "state_type": value.type,
        "state_name": value.name,
        "state_timestamp": value.timestamp,
        "expected_start_time": begun,
        "next_scheduled_start_time": value.scheduled_time if value.type is StateType.SCHEDULED else None,
        "start_time": None if waits else begun,
        "end_time": ended,
        "run_count": 0 if waits else 1,
        "total_run_time": seconds if ended else 0.0,
        **failure_columns(value, before=None),
    }


def _all_states(run: Run, history: Iterable[State]) -> list[State]:
    states = list(history)
    if run.current_state is not None:
        states.append(run.current_state)
    return states


def _state_columns(state: State) -> dict[str, Any]:
    return {
        "id": state.id,
        "type": state.type,
        "name": state.name,
        "timestamp": state.timestamp,
        "message": state.message,
        "data": state.data,
        "state_details": state.details,
    }
