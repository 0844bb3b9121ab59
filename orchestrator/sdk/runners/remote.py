"""A pool whose jobs execute in other processes. How they get there, and what comes back, is a line's business."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from orchestrator.contract.times import now
from orchestrator.sdk.errors import FailedRun, TaskNotSendable
from orchestrator.sdk.outcomes.states import AwaitingRetry, Crashed, Failed, State
from orchestrator.sdk.runners.jobs import Job
from orchestrator.sdk.runners.parcels import Packer, unpack_reply
from orchestrator.sdk.timing import pace
from orchestrator.sdk.timing.retries import delay_seconds

if TYPE_CHECKING:
    from orchestrator.sdk.flows.finished_tasks import Call
    from orchestrator.sdk.tasks.task_run import TaskRun


class Line(Protocol):
    """The way to other processes, and back. What it hears it tells the pool that opened it."""

    def send(self, key: str, attempt: int, parcel: bytes) -> None:
        """Let a run execute. Returns at once; later `arrived` or `lost` of the pool is called with it.

        Raises TaskNotSendable.
        """

    def withdraw(self) -> Collection[str]:
        """Send nothing more. The keys of what was sent and, as far as is known, has not begun."""
        ...

    def stop(self) -> None:
        """End what executes, as far as it can be reached. Nothing more is told of it."""

    def close(self) -> None:
        """Nothing is under way any more. After that it may be opened by another `send`."""


class RemotePool:
    """Jobs that are under way on a line.

    A run whose process was lost is sent again as long as it has retries left; each loss counts as one try. The final
    state is entered here, once: what comes back later is passed over.
    """

    def __init__(self, open_line: Callable[[RemotePool], Line]) -> None:
        self._line = open_line(self)
        self._packer = Packer()
        self._lock = threading.RLock()
        self._ended = threading.Condition(self._lock)
        self._expected = 0
        self._dropping = False
        self._under_way: dict[str, _Sent] = {}

    # What the flow run asks for.

    def expect(self) -> None:
        with self._lock:
            self._expected += 1

    def put(self, job: Job) -> None:
        with self._lock:
            dropping = self._dropping
        if dropping:
            job.drop()
            self._one_over()
            return
        try:
            begins = job.run.state_instead() is None
            parameters = job.run.resolved_parameters() if begins else {}
        except Exception:  # noqa: BLE001 - the engine makes it the end of the run
            begins = False
        if not begins:
            job.execute()  # it does not get as far as the author's code
            self._one_over()
            return
        job.run.note_assets()
        sent = _Sent(job, parameters)
        known = sent.earlier_end()
        if known is not None:
            job.run.enter(known)
            job.settle(job.run.state)
            self._one_over()
            return
        with self._lock:
            self._under_way[job.run.id] = sent
        self._send(sent)

    def join(self) -> None:
        with self._lock:
            while self._expected:
                self._ended.wait()
        self._line.close()

    def drop(self) -> None:
        with self._lock:
            self._dropping = True
        for key in self._line.withdraw():
            sent = self._take(key)
            if sent is not None:
                sent.job.drop()
                self._one_over()
        for sent in self._taken(lambda each: each.waits):
            sent.job.drop()
            self._one_over()

    def join_begun(self) -> None:
        with self._lock:
            while self._under_way:
                self._ended.wait()
        self._line.close()

    def stop_threads(self, error: type[BaseException]) -> None:
        self._line.stop()
        for sent in self._taken(lambda _: True):
            # The run itself is given up by the flow run, which knows whether the server may hear of it.
            sent.job.settle(Crashed(message="The flow run ended before the task run did."))
            self._one_over()
        self._line.close()

    # What the line has to tell.

    def arrived(self, key: str, packed: bytes) -> None:
        """A run has ended. The reply of an attempt that was taken for lost is as good as any."""
        sent = self._take(key)
        if sent is None:
            return
        run = sent.job.run
        try:
            reply = unpack_reply(packed)
        except Exception as error:  # noqa: BLE001 - what the author's objects do when they are unpickled
            text = f"The task's result cannot be read in this process: {type(error).__name__}: {error}"
            self._settle(sent, [Failed(message=text, data=FailedRun(text))])
            return
        run.name = reply.name or run.name
        self._settle(sent, reply.states, told=reply.told)

    def lost(self, key: str, attempt: int, reason: str) -> None:
        """The process that executed the run is gone."""
        with self._lock:
            sent = self._under_way.get(key)
            if sent is None or sent.attempt != attempt or sent.waits:
                return
            run = sent.job.run
            run.run_count += 1
            may_retry = run.run_count <= run.task.retries and not self._dropping
            sent.waits = may_retry
        if not may_retry:
            taken = self._take(key)
            if taken is not None:
                run.logger.error(f"Lost: {reason}")
                self._settle(taken, [Crashed(message=reason)])
            return
        seconds = delay_seconds(
            run.task.retry_delay, failures=run.run_count, jitter_factor=run.task.retry_jitter_factor
        )
        run.logger.error(f"Lost: {reason}")
        run.logger.info(f"Retry {run.run_count}/{run.task.retries} begins in {seconds:g} seconds")
        run.enter(AwaitingRetry(scheduled_time=now() + timedelta(seconds=seconds), message=reason))
        timer = threading.Timer(0 if pace.is_hurried() else seconds, self._send_again, args=(sent,))
        timer.daemon = True
        timer.start()

    def log_warning(self, text: str) -> None:
        """Something that whoever waits for the flow run should know."""
        with self._lock:
            sent = next(iter(self._under_way.values()), None)
        if sent is not None and sent.job.run.flow_run is not None:
            sent.job.run.flow_run.logger.warning(text)

    # How it is done.

    def _send(self, sent: _Sent) -> None:
        run = sent.job.run
        try:
            self._line.send(run.id, sent.attempt, self._packer.pack(run, sent.parameters))
        except TaskNotSendable as error:
            self._give_up(run.id, str(error))
        except Exception as error:  # noqa: BLE001 - each library has errors of its own, and the run must not be forgotten
            self._give_up(run.id, f"The task could not be sent: {type(error).__name__}: {error}")

    def _give_up(self, key: str, reason: str) -> None:
        """Nobody will execute the run, and trying again would not help."""
        sent = self._take(key)
        if sent is not None:
            self._settle(sent, [Failed(message=reason, data=TaskNotSendable(reason))])

    def _send_again(self, sent: _Sent) -> None:
        with self._lock:
            if sent.job.run.id not in self._under_way:
                return
            sent.attempt += 1
            sent.waits = False
        self._send(sent)

    def _settle(self, sent: _Sent, states: list[State], *, told: int = 0) -> None:
        try:
            adopt(sent.job.run, states, told=told)
            sent.remember()
        finally:
            sent.job.settle(sent.job.run.state)
            self._one_over()

    def _take(self, key: str) -> _Sent | None:
        with self._lock:
            return self._under_way.pop(key, None)

    def _taken(self, chosen: Callable[[_Sent], bool]) -> list[_Sent]:
        with self._lock:
            taken = [sent for sent in self._under_way.values() if chosen(sent)]
            for sent in taken:
                del self._under_way[sent.job.run.id]
        return taken

    def _one_over(self) -> None:
        with self._lock:
            self._expected -= 1
            self._ended.notify_all()


def adopt(run: TaskRun, states: list[State], *, told: int = 0) -> None:
    """Let the run enter the states that it went through elsewhere; the first `told` without telling the server."""
    client = run._client
    for number, state in enumerate(states):
        run._client = client if number >= told else None
        run.enter(state)
    run._client = client
    # Whoever keeps the future keeps the run: it must not keep the inputs, and theirs, alive as well.
    run.parameters, run.wait_for = {}, []
    if run.flow_run is not None and run.state.is_completed():
        run.flow_run.origins.remember(run.state.outcome, run.id)


class _Sent:
    """A job on the line, and what it takes to send it again."""

    __slots__ = ("attempt", "call", "job", "parameters", "waits")

    def __init__(self, job: Job, parameters: dict[str, object]) -> None:
        self.job = job
        self.parameters = parameters
        self.attempt = 1
        # The process that executes the run does not know the flow's earlier attempts, so they are looked at here.
        flow_run = job.run.flow_run
        self.call: Call | None = flow_run.finished_tasks.call_of(job.run, parameters) if flow_run is not None else None
        self.waits = False  # for its next try

    def earlier_end(self) -> State | None:
        """How this call ended in an earlier attempt of the flow run; None when it is to be executed."""
        flow_run = self.job.run.flow_run
        if flow_run is None or self.call is None:
            return None
        return flow_run.finished_tasks.earlier_end(self.call)

    def remember(self) -> None:
        run = self.job.run
        if run.flow_run is not None and self.call is not None and run.state.is_completed():
            run.flow_run.finished_tasks.remember(self.call, run.state)
