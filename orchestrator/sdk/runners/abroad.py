"""The other end: a task run that was sent here executes, by the same engine as at home."""

from __future__ import annotations

import pickle
import threading
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.context import current_flow_run, current_tags, current_task_run
from orchestrator.sdk.crashes import describe_crash, describe_error
from orchestrator.sdk.errors import FailedRun
from orchestrator.sdk.outcomes.states import Crashed, Failed, State
from orchestrator.sdk.recording.task_events import StateChange
from orchestrator.sdk.runners.jobs import drive_here
from orchestrator.sdk.runners.parcels import FlowRunFacts, Reply, pack_reply, unpack
from orchestrator.sdk.tasks.task_run import TaskRun

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow_run import FlowRun
    from orchestrator.sdk.tasks.task import Task

TELL_SECONDS = 0.25  # states of runs that take longer are told to the server at once
_KEPT_HEADS = 16


def execute_parcel(parcel: bytes, *, most_bytes: int | None = None) -> bytes:
    """Execute a task run and return the packed reply. What the author's code raises is in it, and is not raised.

    The final state is left to the process that sent the run, so that it is told once, whatever happens to the reply.
    """
    head, facts, parameters = unpack(parcel)
    task, flow_run = _opened(head)
    run = RunAbroad(task, parameters, facts, flow_run=flow_run)
    tokens = (
        (current_flow_run, current_flow_run.set(flow_run)),
        (current_task_run, current_task_run.set(None)),
        (current_tags, current_tags.set(frozenset(run.tags) - task.tags)),
    )
    _teller.watch(run)
    try:
        drive_here(run)
    except BaseException as error:  # noqa: BLE001 - the engine makes it the run's last state, if it gets that far
        if not run.state.is_terminal:
            run.enter(Crashed(message=describe_crash(error)))
    finally:
        _teller.forget(run)
        for variable, token in tokens:
            variable.reset(token)  # type: ignore[arg-type]
    return pack_reply(Reply(run.name, run.states, told=run.told), most_bytes=most_bytes)


def failed_reply(error: BaseException) -> bytes:
    """The reply for a run that could not even be opened here."""
    text = describe_error("The opening of the task, where it was to execute,", error)
    return pack_reply(Reply(None, [Failed(message=text, data=FailedRun(text))]))


class RunAbroad(TaskRun):
    """A task run that began its life in another process. It keeps its identity, and a list of the states it enters."""

    def __init__(
        self, task: Task[Any, Any], parameters: dict[str, Any], facts: dict[str, Any], *, flow_run: FlowRun | None
    ) -> None:
        self.__dict__.update(facts)
        self.task = task
        self.parameters = parameters
        self.wait_for = []
        self.flow_run = flow_run
        self.states: list[State] = []
        self.told = 0
        self._changes: list[StateChange] = []
        self._began = time.monotonic()
        self._logger = None
        self._client = flow_run.client if flow_run is not None else _client_here()

    def state_instead(self) -> State | None:
        """That it begins was decided before it was sent: what it depends on stayed at home."""
        return None

    def note_assets(self) -> None:
        """They came with it."""

    def _tell(self, *, before: State | None) -> None:
        self.states.append(self.state)
        if self._client is not None and not self.state.is_terminal:
            with _teller.lock:
                self._changes.append(StateChange(self, before=before, after=self.state))

    def tell_when_long(self) -> None:
        """Called under the teller's lock: who looks at the run should see that it executes."""
        if self._client is not None and time.monotonic() - self._began >= TELL_SECONDS:
            for change in self._changes:
                self._client.delivery.put_event(change)
            self.told += len(self._changes)
            self._changes.clear()


class _Teller:
    """Looks after the runs that execute in this process, and tells of those that take long. Sleeps without any."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._runs: set[RunAbroad] = set()
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, run: RunAbroad) -> None:
        with self.lock:
            self._runs.add(run)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._tell_again_and_again, name="teller", daemon=True)
                self._thread.start()
        if not self._wanted.is_set():
            self._wanted.set()

    def forget(self, run: RunAbroad) -> None:
        with self.lock:
            self._runs.discard(run)

    def start_anew(self) -> None:
        """In a forked child."""
        self.__init__()  # type: ignore[misc]

    def _tell_again_and_again(self) -> None:
        idle = 0
        while True:
            time.sleep(TELL_SECONDS / 2)
            with self.lock:
                for run in self._runs:
                    run.tell_when_long()
                idle = 0 if self._runs else idle + 1
            if idle > 8:
                self._wanted.clear()
                with self.lock:
                    busy = bool(self._runs)
                if not busy:
                    self._wanted.wait()


_teller = _Teller()
_heads: dict[bytes, tuple[Any, Any]] = {}
_heads_lock = threading.Lock()


def _opened(head: bytes) -> tuple[Task[Any, Any], FlowRun | None]:
    """The task and its flow run; the runs of one task share them, as they would at home."""
    key = sha256(head).digest()
    with _heads_lock:
        known = _heads.get(key)
    if known is not None:
        return known
    task, facts = pickle.loads(head)
    opened = task, _flow_run_of(facts) if facts is not None else None
    with _heads_lock:
        while len(_heads) >= _KEPT_HEADS:
            _heads.pop(next(iter(_heads)))
        _heads[key] = opened
    return opened


def _flow_run_of(facts: FlowRunFacts) -> FlowRun:
    """Stands for the flow run, which executes elsewhere."""
    from orchestrator.sdk.engine.authority import KnownFlowRun
    from orchestrator.sdk.flows.flow import Flow
    from orchestrator.sdk.flows.flow_run import FlowRun
    from orchestrator.sdk.outcomes.states import Running

    flow: Flow[Any, Any] = Flow(_elsewhere, name=facts.flow_name, **facts.flow_options)
    known = KnownFlowRun(
        id=facts.id,
        name=facts.name,
        state=Running(),
        flow_id=facts.flow_id,
        deployment_id=facts.deployment_id,
        run_count=facts.run_count,
    )
    flow_run = FlowRun(flow, facts.parameters, client=_client_here() if facts.recorded else None, known=known)
    flow_run.tags = facts.tags
    return flow_run


def _client_here() -> Any:
    """This process's own way to the server: neither its address nor a key travels with the task."""
    from orchestrator.sdk.api.client import current_client

    return current_client()


def _elsewhere() -> None:
    """Stands for a flow that executes in another process."""


def _start_anew_in_child() -> None:
    global _heads_lock
    _heads_lock = threading.Lock()
    _heads.clear()
    _teller.start_anew()


def _at_fork() -> None:
    import os

    os.register_at_fork(after_in_child=_start_anew_in_child)


_at_fork()
