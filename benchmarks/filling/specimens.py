"""One run of every kind, recorded by the services that record runs on a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from deployments.models import Deployment
from deployments.services.claims import claim_from_pool
from deployments.services.deployment_runs import RunRequest, create_deployment_run
from orchestrator.contract.ids import uuid7
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from orchestrator.events.ingest import ingest
from orchestrator.events.parsing import read_event
from orchestrator.sdk.recording.task_events import StateChange
from orchestrator.sdk.timing.retries import policy
from runs.models import Claim, FlowRun, Log
from runs.orchestration.rules.late import LATE
from runs.orchestration.transition import RunKind
from runs.services.cancellation import cancel_children
from runs.services.claims import release_claim
from runs.services.flow_runs import Plan, create_flow_run
from runs.services.logs import write_logs
from runs.services.transitions import propose_state

RUN_NAME, WORKER = "specimen-of-a-run", "host-of-the-specimens"
RARE_TAG = "incident"
TASK_TAG = "database"
TASKS = 10
MANY_TASKS = 100
_STEPS = ("extract", "clean", "join", "load", "report")
_LONG = timedelta(hours=1)  # of an hour that a copy stretches many times over


@dataclass(frozen=True, slots=True)
class Kind:
    """`record` makes a run of the kind and returns it with its subflows; `weight` is its share of a thousand.

    A copy takes from `shortest` to `longest` seconds; None: as long as the specimen.
    """

    name: str
    record: Callable[[Deployment], list[UUID]]
    weight: int = 0
    shortest: float | None = 5.0
    longest: float = 600.0
    always_logs: bool = False


def _completed(deployment: Deployment, *, tags: Sequence[str] = (), tasks: int = TASKS) -> list[UUID]:
    run = _Run(deployment, tags=tags)
    run.execute(tasks)
    run.end(State(StateType.COMPLETED, message="All states completed."))
    return [run.id]


def _retried(deployment: Deployment) -> list[UUID]:
    run = _Run(deployment)
    run.execute(TASKS - 1)
    task = run.task(TASKS - 1)
    run.begin(task)
    run.enter(task, State(StateType.SCHEDULED, name="AwaitingRetry", message="Tried again in 1 s."))
    run.begin(task, name="Retrying")
    run.finish(task, State(StateType.COMPLETED))
    run.end(State(StateType.COMPLETED, message="All states completed."))
    return [run.id]


def _failed(error: str, place: str) -> Callable[[Deployment], list[UUID]]:
    def record(deployment: Deployment) -> list[UUID]:
        run = _Run(deployment)
        run.execute(TASKS - 1)
        task = run.task(TASKS - 1)
        run.begin(task)
        run.log(f"Failed: {error}\n{_traceback(error, place)}", level=40, task=task)
        run.finish(task, State(StateType.FAILED, message=f"Task run encountered an exception {error}"))
        run.log(f"Failed: {error}\n{_traceback(error, place)}", level=40)
        run.end(State(StateType.FAILED, message=f"Flow run encountered an exception: {error}"))
        return [run.id]

    return record


def _crashed(deployment: Deployment) -> list[UUID]:
    run = _Run(deployment)
    run.execute(TASKS)
    run.end(State(StateType.CRASHED, message="Execution was interrupted by an unexpected exception: SystemExit: 137"))
    return [run.id]


def _cancelled(deployment: Deployment) -> list[UUID]:
    run = _Run(deployment)
    run.execute(TASKS)
    run.end(State(StateType.CANCELLED, message="Cancelled by hand."))
    run.settle()
    return [run.id]


def _with_subflow(deployment: Deployment) -> list[UUID]:
    run = _Run(deployment)
    run.execute(TASKS - 1)
    stand_in = run.task(TASKS - 1)
    run.begin(stand_in)
    child = _Run(deployment, parent_task_run_id=UUID(stand_in.id))
    child.execute(TASKS)
    child.end(State(StateType.COMPLETED, message="All states completed."))
    run.finish(stand_in, State(StateType.COMPLETED, details={"child_flow_run_id": str(child.id)}))
    run.end(State(StateType.COMPLETED, message="All states completed."))
    return [run.id, child.id]


def _running(deployment: Deployment) -> list[UUID]:
    run = _Run(deployment)
    run.execute(TASKS - 1)
    run.begin(run.task(TASKS - 1))
    run.hold_long()
    return [run.id]


def _paused(deployment: Deployment) -> list[UUID]:
    run = _Run(deployment)
    run.execute(TASKS)
    until = {"pause_timeout": format_time(now() + _LONG), "pause_reschedule": False}
    run.propose(State(StateType.PAUSED, details=until))
    run.hold_long()
    return [run.id]


def _late(deployment: Deployment) -> list[UUID]:
    due = format_time(now() - _LONG)
    state = State(StateType.SCHEDULED, details={"scheduled_time": due}, timestamp=now() - _LONG)
    run, _ = create_deployment_run(deployment_id=deployment.pk, request=RunRequest(name=RUN_NAME, state=state))
    # What the service that marks late runs proposes: it waits until the API, which is not up here, was up for a while.
    late = State(StateType.SCHEDULED, name=LATE, details={"scheduled_time": due})
    propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=late, force=True)
    return [run.pk]


KINDS = (
    Kind("completed", _completed, weight=862),
    Kind("with a rare tag", lambda one: _completed(one, tags=[RARE_TAG]), weight=3),
    Kind("retried", _retried, weight=30),
    Kind("with a subflow", _with_subflow, weight=30),
    Kind("failed: key", _failed("KeyError: 'table'", "etl/load.py"), weight=30, always_logs=True),
    Kind("failed: connection", _failed("ConnectionError: reset by peer", "etl/shops.py"), weight=15, always_logs=True),
    Kind("failed: value", _failed("ValueError: no rows in 12 files", "etl/clean.py"), weight=5, always_logs=True),
    Kind("crashed", _crashed, weight=10, always_logs=True),
    Kind("cancelled", _cancelled, weight=15),
    # Of these there are so many, however many others there are.
    Kind(
        "of many tasks", lambda deployment: _completed(deployment, tasks=MANY_TASKS), always_logs=True, shortest=300.0
    ),
    Kind("running", _running, always_logs=True, shortest=300.0),
    Kind("paused", _paused, always_logs=True, shortest=300.0),
    Kind("late", _late, shortest=None),
)


class _Run:
    """A flow run of a worker, from its claim on."""

    def __init__(
        self, deployment: Deployment, *, tags: Sequence[str] = (), parent_task_run_id: UUID | None = None
    ) -> None:
        self._claim: Claim | None = None
        if parent_task_run_id is None:
            asked = RunRequest(name=RUN_NAME, tags=tags, parameters={"shops": ["berlin", "lyon"], "full": False})
            run, _ = create_deployment_run(deployment_id=deployment.pk, request=asked)
            pool = deployment.work_queue.work_pool.name  # type: ignore[union-attr]
            run, self._claim = claim_from_pool(pool_name=pool, flow_run_id=run.pk, worker_name=WORKER, process_id=4_711)
        else:
            plan = Plan(flow_id=deployment.flow_id, name=f"{RUN_NAME}-inside", parent_task_run_id=parent_task_run_id)
            run, _ = create_flow_run(plan=plan)
        self._run, self._deployment = run, deployment
        self._tasks: list[Any] = []
        self.propose(State(StateType.RUNNING))
        self.log("The flow begins.")

    @property
    def id(self) -> UUID:
        return self._run.pk

    def propose(self, state: State) -> None:
        claim_id = self._claim.pk if self._claim else None
        answer = propose_state(kind=RunKind.FLOW_RUN, run_id=self.id, proposal=state, claim_id=claim_id)
        assert answer.written, answer

    def end(self, state: State) -> None:
        self.log(f"The flow ends as {state.name}.", level=20 if state.type is StateType.COMPLETED else 40)
        self.propose(state)
        if self._claim:
            release_claim(claim_id=self._claim.pk)

    def settle(self) -> None:
        """What services do later to a cancelled run, as if that had come."""
        self._deadlines().update(at=now())
        cancel_children()
        assert not self._deadlines().exists()

    def hold_long(self) -> None:
        """Nobody renews the claims of copies, so each lasts until after the measurement."""
        Claim.objects.filter(flow_run=self.id).update(lease_expires_at=now() + _LONG)

    def execute(self, tasks: int) -> None:
        for number in range(tasks):
            task = self.task(number)
            self.begin(task)
            self.log(f"{task.name} read {number * 127} rows.", task=task)
            self.finish(task, State(StateType.COMPLETED))

    def task(self, number: int) -> Any:
        """A task run that is PENDING: as the SDK has it, as far as its reports tell. It takes what the last gave."""
        step, id_, pending = _STEPS[number % len(_STEPS)], str(uuid7()), State(StateType.PENDING)
        before = self._tasks[-1] if self._tasks and number % len(_STEPS) else None
        flow = SimpleNamespace(name=self._deployment.flow.name)
        task = SimpleNamespace(
            id=id_,
            name=f"{step}-{number:03x}",
            dynamic_key=f"{number}-{id_}",
            task=SimpleNamespace(task_key=f"{step}-1a2b3c4d", policy=policy(retries=1, delay=1.0), version=None),
            tags=(TASK_TAG,) if step == "load" else (),
            task_inputs={"rows": [{"input_type": "task_run", "id": before.id}] if before else []},
            flow_run=SimpleNamespace(
                id=str(self.id),
                name=self._run.name,
                flow=flow,
                flow_id=str(self._run.flow_id),
                deployment_id=str(self._run.deployment_id) if self._run.deployment_id else None,
            ),
            run_count=0,
            flow_run_run_count=1,
            start_time=None,
            end_time=None,
            expected_start_time=pending.timestamp,
            total_run_time_seconds=0.0,
            state=None,
        )
        self._tasks.append(task)
        self.enter(task, pending)
        return task

    def begin(self, task: Any, name: str = "") -> None:
        state = State(StateType.RUNNING, name=name)
        task.run_count += 1
        task.start_time = task.start_time or state.timestamp
        self.enter(task, state)

    def finish(self, task: Any, state: State) -> None:
        task.end_time = state.timestamp
        task.total_run_time_seconds = (state.timestamp - task.start_time).total_seconds()
        self.enter(task, state)

    def enter(self, task: Any, state: State) -> None:
        state = state.with_details(task_run_id=task.id, flow_run_id=str(self.id))
        change = StateChange(task, before=task.state, after=state)  # type: ignore[arg-type]
        task.state = state
        ingest([read_event(change.to_wire())])

    def log(self, message: str, *, level: int = 20, task: Any = None) -> None:
        line = Log(
            name="orchestrator.task_runs" if task else "orchestrator.flow_runs",
            level=level,
            message=message,
            timestamp=now(),
            flow_run_id=self.id,
            task_run_id=UUID(task.id) if task else None,
        )
        write_logs(lines=[line])

    def _deadlines(self) -> Any:
        return FlowRun.objects.get(pk=self.id).deadlines.all()


def _traceback(error: str, place: str) -> str:
    return (
        "Traceback (most recent call last):\n"
        f'  File "/srv/flows/{place}", line 31, in load\n    rows = tables["table"]\n'
        f"{error}"
    )
