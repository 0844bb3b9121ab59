"""The life of one task run. It is decided here, in the author's process; the server is told afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from orchestrator.contract.ids import uuid7
from orchestrator.contract.states import StateType
from orchestrator.sdk.caching.task_keeping import Keeping, keeping_of
from orchestrator.sdk.context import current_flow_run, current_tags, current_task_run
from orchestrator.sdk.crashes import describe_crash, describe_error, own_frames_removed
from orchestrator.sdk.dependencies.inputs import edges, find_futures, resolve
from orchestrator.sdk.engine.conversation import Block, CallUser, Conversation, Sleep, WaitFor, drive
from orchestrator.sdk.engine.items import consume
from orchestrator.sdk.errors import FlowRunEnded, RunCancelled, TaskTimeout, UpstreamFailed
from orchestrator.sdk.options.hooks import call_hooks, hooks_for
from orchestrator.sdk.options.run_names import fill_run_name
from orchestrator.sdk.outcomes.returned import state_for_value
from orchestrator.sdk.outcomes.states import (
    MISSING,
    AwaitingRetry,
    Cancelled,
    Completed,
    Crashed,
    Failed,
    Pending,
    Retrying,
    Running,
    State,
)
from orchestrator.sdk.recording.logs import RunLogger, task_run_logger
from orchestrator.sdk.recording.printing import prints_to
from orchestrator.sdk.recording.task_events import StateChange
from orchestrator.sdk.timing.retries import delay_seconds

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client
    from orchestrator.sdk.flows.flow_run import FlowRun
    from orchestrator.sdk.tasks.task import Task
    from orchestrator.sdk.transactional.transactions import Transaction

_ONE_MICROSECOND = timedelta(microseconds=1)


class TaskRun:
    """One run of a task. Made, it is Pending."""

    transaction: Transaction | None = None  # what is done inside belongs to it; made when somebody asks for it
    gives_items: bool = False  # of a generator: whoever called it gets the items one at a time
    has_given: bool = False  # the first of them

    def __init__(self, task: Task[Any, Any], parameters: dict[str, Any], *, wait_for: Any = None) -> None:
        flow_run: FlowRun | None = current_flow_run.get()
        if flow_run is not None and flow_run.ended:
            raise FlowRunEnded(f"Task {task.name!r} was called, but its flow run {flow_run.name!r} is over.")
        self.task = task
        self.flow_run = flow_run
        self.parameters = parameters
        self.id = str(uuid7())
        self.dynamic_key = self.id
        self.name: str = f"{task.name}-{self.id[-3:]}"
        inherited = current_tags.get()
        self.tags: tuple[str, ...] = tuple(sorted(inherited | task.tags)) if inherited or task.tags else ()
        awaited = list(wait_for) if isinstance(wait_for, (list, tuple, set, frozenset)) else [wait_for]
        self.wait_for: list[Any] = awaited if wait_for is not None else []
        origins = flow_run.origins if flow_run is not None else None
        self.task_inputs = edges(parameters, wait_for=self.wait_for, origins=origins)
        self.run_count: int = 0
        self.flow_run_run_count = flow_run.run_count if flow_run is not None else 0
        self.start_time: datetime | None = None
        self.end_time: datetime | None = None
        self.total_run_time_seconds: float = 0.0
        self._client: Client | None = flow_run.client if flow_run is not None else _client_outside_of_flows()
        self._logger: RunLogger | None = None
        self.state: State = Pending()
        self.expected_start_time = self.state.timestamp
        self._tell(before=None)
        if flow_run is not None:
            flow_run.live_task_runs.add(self)

    @property
    def logger(self) -> RunLogger:
        if self._logger is None:
            self._logger = task_run_logger(
                flow_run_id=self.flow_run.id if self.flow_run is not None else None,
                task_run_id=self.id,
                name=self.name,
                delivery=self._client.delivery if self._client is not None else None,
            )
        return self._logger

    @property
    def flow_run_id(self) -> str | None:
        return self.flow_run.id if self.flow_run is not None else None

    @property
    def task_key(self) -> str:
        return self.task.task_key

    @property
    def state_type(self) -> StateType:
        return self.state.type

    @property
    def state_name(self) -> str:
        return self.state.name

    @property
    def log_prints(self) -> bool:
        if self.task.log_prints is not None:
            return self.task.log_prints
        return self.flow_run is not None and self.flow_run.flow.log_prints

    def enter(self, state: State) -> State:
        """Move to the next state and tell the server about it. A run that has ended stays as it is."""
        before = self.state
        if before.is_terminal:
            return before
        if state.timestamp <= before.timestamp:
            # Readers order the states of a run by time.
            state = state.with_(timestamp=before.timestamp + _ONE_MICROSECOND)
        if before.type is StateType.RUNNING:
            self.total_run_time_seconds += (state.timestamp - before.timestamp).total_seconds()
        if state.type is StateType.RUNNING:
            self.run_count += 1
            self.start_time = self.start_time or state.timestamp
        elif state.is_terminal:
            self.end_time = state.timestamp
            self.start_time = self.start_time or state.timestamp
        state.details.setdefault("task_run_id", self.id)
        if self.flow_run is not None:
            state.details.setdefault("flow_run_id", self.flow_run.id)
        self.state = state
        self._tell(before=before)
        if state.is_terminal and self.flow_run is not None:
            self.flow_run.live_task_runs.discard(self)
        return state

    def give_up(self, reason: str, *, silently: bool) -> None:
        """End it as crashed although its code may still execute; `silently` keeps that from the server."""
        if silently:
            self._client = None
        self.enter(Crashed(message=reason))

    def enter_rolled_back(self) -> None:
        """It had completed, and what it did was undone since."""
        before = self.state
        if not before.is_completed() or before.name == "RolledBack":
            return
        message = "Rolled back, because the transaction that it was part of failed."
        after = Completed(name="RolledBack", message=message, data=before.outcome)
        if after.timestamp <= before.timestamp:
            after = after.with_(timestamp=before.timestamp + _ONE_MICROSECOND)
        self.state = after.with_(details=before.details)
        self._tell(before=before)

    def upstream(self) -> list[Any]:
        """The futures that must have ended before this run can begin."""
        return find_futures(self.parameters) + find_futures(self.wait_for)

    def cancel_before_begin(self, reason: str) -> State:
        """End a run whose turn never came."""
        return self.enter(Cancelled(message=reason))

    def tag_slots(self) -> Conversation:
        """Wait for slots of limited tags. Returns what to release after the attempt; None when nothing is limited."""
        if self._client is None:
            return None
        from orchestrator.sdk.limits.tag_limits import tag_slots

        return (yield from tag_slots(self, self._client))

    def _tell(self, *, before: State | None) -> None:
        if self._client is not None:
            self._client.delivery.put_event(StateChange(self, before=before, after=self.state))


def converse(run: TaskRun) -> Conversation:
    """Execute the run and return its last state. Only what stops the whole process is raised."""
    try:
        awaited = run.upstream()
        if awaited:
            yield WaitFor(awaited)
        parameters = resolve(run.parameters)
        _refuse_failed(run.wait_for)
        run.name = _own_name(run, parameters) or run.name
    except UpstreamFailed as error:
        state = run.enter(Pending(name="NotReady", message=str(error)).with_(outcome=error))
        run.logger.error(f"Finished in state {state}")
        return state
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this run's end
        return _finish(run, Failed(message=describe_error("Task run", error), data=error))
    except BaseException as error:
        _finish(run, _crashed(error))
        raise

    keeping = keeping_of(run, parameters)
    if keeping is not None:
        try:
            known = yield from keeping.begin()
        except Exception as error:  # noqa: BLE001 - a lock manager or a store may be the author's
            return (yield from _end(run, Failed(message=describe_error("Task run", error), data=error), keeping))
        except BaseException as error:
            _crash(run, error)
            raise
        if known is not None:
            return (yield from _end(run, known, keeping))

    arguments, keywords = run.task.binder.call_arguments(parameters)
    retrying = False
    while True:
        try:
            slots = (yield from run.tag_slots()) if run.tags else None
        except Exception as error:  # noqa: BLE001 - limits that let nobody in
            return (yield from _end(run, Failed(message=describe_error("Task run", error), data=error), keeping))
        except BaseException as error:
            _crash(run, error)
            raise
        run.enter(Retrying() if retrying else Running())
        try:
            if run.task.on_running_hooks:
                yield Block(lambda: _call_hooks(run))
            if run.gives_items:
                value = yield from _consume(run, arguments, keywords)
            else:
                with _inside(run):
                    value = yield CallUser(
                        run.task.call,
                        arguments,
                        keywords,
                        timeout_seconds=run.task.timeout_seconds,
                        timed_out=lambda: _timeout(run),
                    )
            final = state_for_value(value)
            if keeping is not None:
                final = yield from keeping.finish(final)
        except TaskTimeout as error:
            final = Failed(name="TimedOut", message=str(error), data=error)
        except Exception as error:  # noqa: BLE001 - the author's code may raise anything
            own_frames_removed(error)
            final = Failed(message=describe_error("Task run", error), data=error)
        except BaseException as error:
            _crash(run, error)
            if slots is not None:
                slots.leave()
            raise
        if slots is not None:
            yield Block(slots.release)
        if not final.is_failed() or not _may_retry(run, final):
            return (yield from _end(run, final, keeping))
        if run.transaction is not None:
            yield from run.transaction.undoing_children()
        jitter = run.task.retry_jitter_factor
        seconds = delay_seconds(run.task.retry_delay, failures=run.run_count, jitter_factor=jitter)
        run.logger.error(f"Failed: {final.message}", exc_info=_exc_info(final))
        run.logger.info(f"Retry {run.run_count}/{run.task.retries} begins in {seconds:g} seconds")
        run.enter(AwaitingRetry(scheduled_time=final.timestamp + timedelta(seconds=seconds), message=final.message))
        try:
            if seconds > 0:
                yield Sleep(seconds)
        except BaseException as error:
            _crash(run, error)
            raise
        retrying = True


def _consume(run: TaskRun, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Conversation:
    def given(item: Any) -> None:
        run.has_given = True
        if run.flow_run is not None:
            run.flow_run.origins.remember(item, run.id)

    return consume(
        run.task.fn,
        arguments,
        keywords,
        is_async=run.task.is_async,
        inside=lambda: _inside(run),
        timeout_seconds=run.task.timeout_seconds,
        timed_out=lambda: _timeout(run),
        given=given,
    )


def _own_name(run: TaskRun, parameters: dict[str, Any]) -> str | None:
    """A function that makes the name may look at the run, as `orchestrator.runtime` shows it."""
    template = run.task.task_run_name
    if not callable(template):
        return fill_run_name(template, parameters)
    token = current_task_run.set(run)
    try:
        return fill_run_name(template, parameters)
    finally:
        current_task_run.reset(token)


@contextmanager
def _inside(run: TaskRun) -> Iterator[None]:
    token = current_task_run.set(run)
    try:
        if run.log_prints:
            with prints_to(run.logger):
                yield
        elif run.task.log_prints is False:
            with prints_to(None):
                yield
        else:
            yield
    finally:
        current_task_run.reset(token)


def _finish(run: TaskRun, final: State) -> State:
    if run.state.is_terminal:
        return run.state
    state = run.enter(final)
    # Whoever keeps the future keeps the run: it must not keep the inputs, and theirs, alive as well.
    run.parameters, run.wait_for = {}, []
    if run.flow_run is not None and state.is_completed() and state.outcome is not MISSING:
        run.flow_run.origins.remember(state.outcome, run.id)
    if state.is_failed() and state.name != "TimedOut" and isinstance(state.outcome, BaseException):
        run.logger.error(f"Failed: {state.message}", exc_info=_exc_info(state))
    log = run.logger.info if state.is_completed() else run.logger.error
    log(f"Finished in state {state}")
    return state


def _end(run: TaskRun, final: State, keeping: Keeping | None) -> Conversation:
    """Enter the last state, and do what is to be done after it."""
    try:
        state = _finish(run, final)
        if keeping is not None:
            yield from keeping.close(state)
            state = run.state
            if not run.task.cache_result_in_memory and state.is_completed() and state.has_persisted_result:
                state = run.state = state.with_(outcome=MISSING)
        elif run.transaction is not None:
            yield from run.transaction.closing(failed=not state.is_completed())
        if run.task.has_final_hooks:
            yield Block(lambda: _call_hooks(run))
    except BaseException as error:
        run.logger.error(f"Stopped while it ended: {describe_crash(error)}")
        raise
    return state


def _crash(run: TaskRun, error: BaseException) -> None:
    """What executes the run is going away: no more requests, but whoever asked for it is told."""
    had_ended = run.state.is_terminal
    _finish(run, _crashed(error))
    try:
        if run.transaction is not None:
            drive(run.transaction.closing(failed=True))
        if run.task.has_final_hooks and not had_ended:
            _call_hooks(run)
    except Exception as further:
        run.logger.error(f"Stopped while it ended: {describe_crash(further)}", exc_info=further)


def _call_hooks(run: TaskRun) -> None:
    kind, hooks = hooks_for(run.task, run.state)
    if hooks:
        call_hooks(hooks, kind=kind, arguments=(run.task, run, run.state), logger=run.logger)


def _may_retry(run: TaskRun, failed: State) -> bool:
    if run.run_count > run.task.retries or run.has_given:
        return False
    if run.flow_run is not None and run.flow_run.ended:
        return False
    condition = run.task.retry_condition_fn
    if condition is None:
        return True
    try:
        return bool(condition(run.task, run, failed))
    except Exception:
        run.logger.error("The retry condition raised an error; the task is not tried again", exc_info=True)
        return False


def _crashed(error: BaseException) -> State:
    if isinstance(error, RunCancelled):
        return Cancelled(message=error.reason)
    return Crashed(message=describe_crash(error), data=error)


def _refuse_failed(awaited: list[Any]) -> None:
    resolve(awaited)


def _timeout(run: TaskRun) -> TaskTimeout:
    return TaskTimeout(f"Task run {run.name!r} did not end within {float(run.task.timeout_seconds or 0)} seconds")


def _exc_info(state: State) -> Any:
    error = state.outcome
    return (type(error), error, error.__traceback__) if isinstance(error, BaseException) else None


def _client_outside_of_flows() -> Client | None:
    from orchestrator.sdk.api.client import current_client

    return current_client()
