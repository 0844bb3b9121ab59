"""The life of one flow run: proposed to the authority, executed here."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from orchestrator.contract.states import StateType, Status
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.configuration import settings
from orchestrator.sdk.context import current_flow_run, current_tags, current_task_run
from orchestrator.sdk.crashes import describe_crash, describe_error, own_frames_removed
from orchestrator.sdk.dependencies.inputs import Origins, edges, find_futures, resolve, settle_states
from orchestrator.sdk.engine.authority import (
    Authority,
    KnownFlowRun,
    LocalAuthority,
    NewFlowRun,
    NewTrackingRun,
    ServerAuthority,
    adopt,
    retry_moment,
)
from orchestrator.sdk.engine.conversation import Block, CallUser, Conversation, Sleep, WaitFor
from orchestrator.sdk.engine.items import consume
from orchestrator.sdk.engine.pools import Pool
from orchestrator.sdk.engine.stopping import Stoppable
from orchestrator.sdk.errors import (
    ApiError,
    ClaimLost,
    FlowTimeout,
    ParameterTypeError,
    RefusedRun,
    RunAbandoned,
    RunCancelled,
    RunStopped,
    RunSuspended,
    ServerUnreachable,
    UpstreamFailed,
)
from orchestrator.sdk.flows.finished_tasks import FinishedTasks
from orchestrator.sdk.options.hooks import call_flow_hooks, hooks_for
from orchestrator.sdk.options.run_names import fill_run_name
from orchestrator.sdk.outcomes.returned import state_for_value
from orchestrator.sdk.outcomes.states import MISSING, Cancelled, Crashed, Failed, Retrying, Running, State
from orchestrator.sdk.processes.termination import ending_with_the_process
from orchestrator.sdk.recording.heartbeats import signs_of_life
from orchestrator.sdk.recording.logs import RunLogger, flow_run_logger
from orchestrator.sdk.recording.printing import prints_to
from orchestrator.sdk.results.keeping import flow_persists, with_stored_result
from orchestrator.sdk.runners.opening import open_pool
from orchestrator.sdk.values.json_values import to_json

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow import Flow
    from orchestrator.sdk.tasks.task_run import TaskRun

_LEAST_PATIENCE_SECONDS = 5.0


class FlowRun:
    """One run of a flow in this process."""

    def __init__(
        self,
        flow: Flow[Any, Any],
        parameters: dict[str, Any],
        *,
        client: Client | None,
        wait_for: Any = None,
        known: KnownFlowRun | None = None,
        claim_id: str | None = None,
    ) -> None:
        self.flow = flow
        self.parameters = parameters
        self.client = client
        self.wait_for = list(wait_for) if isinstance(wait_for, (list, tuple, set)) else ([wait_for] if wait_for else [])
        self.parent: FlowRun | None = current_flow_run.get() if known is None else None
        self.tags = tuple(sorted(current_tags.get() | flow.tags))
        self.origins = Origins()
        self.run_count = 0
        self.ended = False
        self.abandoned = False  # its threads may still execute, and are to get nowhere
        self.live_task_runs: set[TaskRun] = set()
        self.finished_tasks = FinishedTasks()
        self.persists_results = flow_persists(flow)
        self.authority: Authority = LocalAuthority()
        if client is not None:
            self.authority = ServerAuthority(client, claim_id=claim_id)
        self.stoppable = Stoppable()
        self.id = ""
        self.name = ""
        self.flow_id: str | None = None
        self.deployment_id: str | None = None
        self.tracking_id: str | None = None
        self.logger: RunLogger
        self._pool: Pool | None = None
        self._counters: dict[str, int] = {}
        self._lock = threading.Lock()
        self._claimed = known is not None
        self._held_by_worker = claim_id is not None
        if known is not None:
            self._become(known)

    @property
    def stands_alone(self) -> bool:
        """A script runs it: no worker and no enclosing run cares when the process is told to end."""
        return self.parent is None and not self._claimed

    @property
    def shows_life(self) -> bool:
        """Nobody else would find out that its process died: neither a worker nor an enclosing run looks after it."""
        return self.parent is None and not self._held_by_worker

    @property
    def pool(self) -> Pool:
        """The threads for submitted tasks; opened when the first is submitted."""
        with self._lock:
            if self._pool is None:
                self._pool = open_pool(self.flow.task_runner)
            return self._pool

    @property
    def pool_if_open(self) -> Pool | None:
        return self._pool

    def create(self, parameters: dict[str, Any]) -> None:
        """Make the run known to the authority. Does nothing for a run that exists already."""
        if self._claimed:
            return
        tracking = None
        if self.parent is not None and self.client is not None:
            number = self.parent.next_number(self.flow.task_key)
            tracking = NewTrackingRun(
                parent_flow_run_id=self.parent.id,
                task_key=self.flow.task_key,
                dynamic_key=str(number),
                name=f"{self.flow.name}-{number}",
                task_inputs=edges(self.parameters, wait_for=self.wait_for, origins=self.parent.origins),
            )
        new = NewFlowRun(
            flow_name=self.flow.name,
            name=self.name_of_its_own(parameters),
            parameters=to_json(parameters),
            tags=self.tags,
            flow_version=self.flow.version,
            retries=self.flow.retries,
            retry_delay=self.flow.retry_delay,
            tracking=tracking,
        )
        self._become(self.authority.create(new))

    def name_of_its_own(self, parameters: dict[str, Any]) -> str | None:
        """What the flow calls the run; None when it leaves that to the server. A function that makes the name can ask
        for the run's parameters and its flow's name, as `runtime` tells them."""
        template = self.flow.flow_run_name
        if not callable(template):
            return fill_run_name(template, parameters)
        self.parameters = parameters
        token = current_flow_run.set(self)
        try:
            return fill_run_name(template, parameters)
        finally:
            current_flow_run.reset(token)

    def next_number(self, key: str) -> int:
        """Counts the uses of a subflow within one attempt; a repeated attempt gets the same numbers again."""
        with self._lock:
            number = self._counters.get(key, -1) + 1
            self._counters[key] = number
            return number

    def begin_attempt(self) -> None:
        with self._lock:
            self._counters.clear()
            self.finished_tasks.begin_attempt()
            self._pool = None
            self.run_count += 1
            self.ended = self.abandoned = False

    def call(self, name: str) -> None:
        """Give the run its name, also in what it logs from now on."""
        self.name = name
        delivery = self.client.delivery if self.client is not None else None
        self.logger = flow_run_logger(flow_run_id=self.id, name=name, delivery=delivery)

    def call_hooks(self, state: State, *, seen: dict[str, Any] | None = None) -> None:
        """Call those that the flow has for this state, inside the run: they can log, and call tasks unless the run was
        ended from outside. `seen` are the attributes of the run that they see; None takes what is known here."""
        ended, self.ended = self.ended, self.abandoned
        try:
            with _inside(self), self._fresh_pool():
                call_flow_hooks(self.flow, seen or self._seen_by_hooks(), state, logger=self.logger)
        finally:
            self.ended = ended

    def _seen_by_hooks(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "parameters": self.parameters,
            "tags": list(self.tags),
            "flow_id": self.flow_id,
            "deployment_id": self.deployment_id,
            "run_count": self.run_count,
            "flow_version": self.flow.version,
            "parent_task_run_id": self.tracking_id,
        }

    @contextmanager
    def _fresh_pool(self) -> Iterator[None]:
        """What hooks submit is not dropped with what the flow had submitted, and is waited for."""
        if self.abandoned:
            yield
            return
        with self._lock:
            before, self._pool = self._pool, None
        try:
            yield
            if self._pool is not None:
                self._pool.join()
        finally:
            self._pool = before

    def _become(self, known: KnownFlowRun) -> None:
        self.id = known.id
        self.flow_id = known.flow_id
        self.deployment_id = known.deployment_id
        self.tracking_id = known.parent_task_run_id
        self.run_count = known.run_count
        self.call(known.name)


def converse(run: FlowRun) -> Conversation:
    """Execute the run and return its last state. Only what stops the whole process is raised."""
    with ExitStack() as stack:
        if run.shows_life:
            stack.enter_context(signs_of_life(run))
        if run.stands_alone:
            stack.enter_context(ending_with_the_process())
        return (yield from _execute(run))


def _execute(run: FlowRun) -> Conversation:
    try:
        with run.stoppable.stoppable():
            parameters = yield from _prepare(run)
            if isinstance(parameters, State):
                return parameters
            refused = yield from _begin(run, Running())
        while refused is None:
            run.begin_attempt()
            with run.stoppable.stoppable():
                final, crash = yield from _attempt(run, parameters)
            run.ended = True
            held = yield from conclude(run, final)
            if crash is not None:
                raise crash
            if held.type is not StateType.SCHEDULED:
                return held
            run.logger.info(f"Tries again at {retry_moment(held):%H:%M:%S} UTC")
            try:
                with run.stoppable.stoppable():
                    # The server's WAIT counts whole seconds only: it would let the run begin up to a second early.
                    yield Sleep(max(0.0, (retry_moment(held) - held.timestamp).total_seconds()))
                    refused = yield from _begin(run, Retrying())
            except (KeyboardInterrupt, SystemExit) as error:
                # Nobody else would try again.
                yield from conclude(run, Crashed(message=describe_crash(error), data=error))
                raise
        return refused
    except RunStopped as stop:
        if run.ended or run.stoppable.reason is None:
            raise
        # It came between two steps: before the attempt, or while waiting for the next.
        return (yield from conclude(run, _stopped_state(run, stop)))


def _prepare(run: FlowRun) -> Conversation:
    """Wait for inputs and create the run. Returns the parameters, or the state of a subflow that cannot begin."""
    awaited = find_futures(run.parameters) + find_futures(run.wait_for)
    if awaited:
        yield WaitFor(awaited)
    try:
        resolve(run.wait_for)
        parameters = resolve(run.parameters)
    except UpstreamFailed as error:
        return Failed(message=str(error), data=error)
    existed = bool(run.id)
    refused: ParameterTypeError | None = None
    if not existed:  # a claimed run's were looked at before it got its name
        try:
            parameters = run.flow.accepted_parameters(parameters)
        except ParameterTypeError as error:
            refused = error
    yield Block(lambda: run.create(parameters))
    run.parameters = parameters
    parent = f" inside flow run {run.parent.name!r}" if run.parent is not None else ""
    run.logger.info(f"Begins flow {run.flow.name!r}{parent}")
    if run.client is None:
        if run.parent is None:
            run.logger.info("No server: ORCHESTRATOR_API_URL is not set; the run executes here and is recorded nowhere")
    elif not existed or run.client.ui_url:
        url = run.client.run_url(run.id)
        if url:
            run.logger.info(f"Look at it on {url}")
    if refused is not None:
        run.logger.error(str(refused))
        return (yield from conclude(run, Failed(message=str(refused), data=refused)))
    return parameters


def _begin(run: FlowRun, state: State) -> Conversation:
    """Propose RUNNING until it is accepted (None) or refused for good (the state that holds instead)."""
    while True:
        verdict = yield Block(lambda: run.authority.propose(run.id, state))
        if verdict.status is Status.ACCEPT:
            return None
        if verdict.status is Status.WAIT:
            yield Sleep(verdict.delay_seconds)
            continue
        held: State | None = verdict.state
        if verdict.status is Status.REJECT and held is not None and held.type is StateType.SCHEDULED:
            wait_seconds = (retry_moment(held) - State(type=StateType.RUNNING).timestamp).total_seconds()
            yield Sleep(max(0.05, wait_seconds))
            continue
        if held is not None and held.type is StateType.CANCELLING:
            return (yield from conclude(run, Cancelled(message="Cancelled before it began.")))
        reason = verdict.reason or "no reason was given"
        run.logger.warning(f"The server does not let the run begin: {reason}")
        refusal = RefusedRun(f"The server does not let flow run {run.name!r} begin: {reason}", state=held)
        held = held or Failed(message=str(refusal))
        return held if held.is_completed() else held.with_(outcome=refusal)


def _attempt(run: FlowRun, parameters: dict[str, Any]) -> Conversation:
    """Call the author's function once. Returns the state to propose, and the exception to raise afterwards, if any."""
    arguments, keywords = run.flow.binder.call_arguments(parameters)
    try:
        if run.flow.on_running_hooks:
            running = Running() if run.run_count == 1 else Retrying()
            yield Block(lambda: run.call_hooks(running))
        if run.flow.is_generator:
            value = yield from _consume(run, arguments, keywords)
        else:
            with _inside(run):
                value = yield CallUser(
                    run.flow.fn,
                    arguments,
                    keywords,
                    timeout_seconds=run.flow.timeout_seconds,
                    timed_out=lambda: _timeout(run),
                )
        # Submitted tasks belong to the run, whether or not anybody looked at their futures.
        if run.pool_if_open is not None:
            yield Block(run.pool_if_open.join)
        final = state_for_value(settle_states(value))
        if run.persists_results and not run.flow.is_generator:
            returned = final
            final = yield Block(lambda: with_stored_result(run, returned))
        return final, None
    except FlowTimeout as error:
        _abandon_tasks(run)
        return Failed(message=str(error), name="TimedOut", data=error), None
    except RunSuspended as stop:
        return (yield from _suspended(run, stop)), None
    except RunStopped as stop:
        # A stop of an outer run goes on to that run once this one is put in order.
        return _stopped_state(run, stop), None if run.stoppable.reason is not None else stop
    except Exception as error:
        own_frames_removed(error)
        exc_info = (type(error), error, error.__traceback__)
        message = describe_error("Flow run", error)
        run.logger.error(message, exc_info=exc_info)
        if run.pool_if_open is not None:
            run.pool_if_open.drop()
            yield Block(run.pool_if_open.join_begun)
        return Failed(message=message, data=error), None
    except BaseException as error:  # noqa: BLE001 - raised again once the run is put in order
        stop_asked = run.stoppable.reason
        if isinstance(stop_asked, RunSuspended):
            return (yield from _suspended(run, stop_asked)), None
        if stop_asked is not None:
            return _stopped_state(run, stop_asked), None
        _abandon_tasks(run)
        return Crashed(message=describe_crash(error), data=error), error


def _consume(run: FlowRun, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Conversation:
    def given(item: Any) -> None:
        if run.parent is not None and run.tracking_id is not None:
            run.parent.origins.remember(item, run.tracking_id)

    return consume(
        run.flow.fn,
        arguments,
        keywords,
        is_async=run.flow.is_async,
        inside=lambda: _inside(run),
        timeout_seconds=run.flow.timeout_seconds,
        timed_out=lambda: _timeout(run),
        given=given,
    )


def conclude(run: FlowRun, final: State) -> Conversation:
    """Propose the final state; returns the one that holds then."""
    if isinstance(final.outcome, ClaimLost):
        run.logger.warning(f"Stopped without a word to the server: {final.message}")
        return final
    if final.is_paused():
        run.logger.info("Suspended: it goes on in another process once it is resumed")
        if run.client is not None:
            suspended_delivery = run.client.delivery
            yield Block(lambda: suspended_delivery.flush())
        return final
    began = time.monotonic()
    if run.parent is None and run.client is not None:
        # Readers who see the run ended should find its task runs ended too.
        ending = final
        yield Block(lambda: run.authority.clear_the_way(run.id, ending))
    try:
        force = final.is_cancelled()
        # What the flush has used up of the time for a server that is away is not granted twice.
        patience = max(_LEAST_PATIENCE_SECONDS, settings.drain_seconds() - (time.monotonic() - began))
        verdict = yield Block(
            lambda: run.authority.propose(run.id, final, force=force, patience_seconds=patience),
        )
        if verdict.status is Status.REJECT and verdict.state is not None and verdict.state.is_cancelling():
            cancelled = Cancelled(message="Cancelled on request.")
            final = cancelled
            verdict = yield Block(lambda: run.authority.propose(run.id, cancelled, force=True))
    except (ServerUnreachable, ApiError) as error:
        run.logger.error(f"The server did not learn that the run ended as {final}: {error}")
        yield from _tell_hooks(run, final)
        return final.with_details(flow_run_id=run.id)
    held = _held(final, verdict)
    if verdict.status is Status.ABORT:
        run.logger.warning(f"The server did not take the final state: {verdict.reason or 'no reason was given'}")
    else:
        yield from _tell_hooks(run, held)
    if held.is_terminal:
        if not run.flow.cache_result_in_memory and held.is_completed() and held.has_persisted_result:
            held = held.with_(outcome=MISSING)
        if run.parent is not None and run.tracking_id is not None and held.is_completed():
            run.parent.origins.remember(held.outcome, run.tracking_id)
        log = run.logger.info if held.is_completed() else run.logger.error
        log(f"Finished in state {held}")
        if run.parent is None and run.client is not None:
            delivery = run.client.delivery
            yield Block(lambda: delivery.flush())
    return held


def _tell_hooks(run: FlowRun, state: State) -> Conversation:
    if state.is_terminal and hooks_for(run.flow, state)[1]:
        yield Block(lambda: run.call_hooks(state))


def _held(final: State, verdict: Any) -> State:
    theirs: State | None = verdict.state
    if verdict.status is Status.ACCEPT:
        return adopt(final, theirs)
    if verdict.status is Status.REJECT and theirs is not None:
        return theirs.with_(outcome=final.outcome) if theirs.type is final.type else theirs
    return final


def _suspended(run: FlowRun, stop: RunSuspended) -> Conversation:
    """Wait for the tasks that have begun, so that their results are there when the run goes on elsewhere."""
    while run.pool_if_open is not None:
        run.pool_if_open.drop()
        try:
            yield Block(run.pool_if_open.join_begun)
        except RunSuspended:
            # Somebody else noticed it too.
            continue
        break
    return _suspended_state(run, stop)


def _suspended_state(run: FlowRun, stop: RunSuspended) -> State:
    told = run.stoppable.reason if isinstance(run.stoppable.reason, RunSuspended) else stop
    return stop.state or told.state or State(type=StateType.PAUSED, name="Suspended", message=stop.reason)


def _stopped_state(run: FlowRun, stop: RunStopped) -> State:
    _abandon_tasks(run, silently=isinstance(stop, ClaimLost))
    if isinstance(stop, RunSuspended):
        return _suspended_state(run, stop)
    if isinstance(stop, ClaimLost):
        return Cancelled(message=stop.reason).with_(outcome=stop)
    if isinstance(stop, RunCancelled):
        return Cancelled(message=stop.how_it_stopped()).with_(outcome=None)
    return Crashed(message=describe_crash(stop), data=stop)


def _abandon_tasks(run: FlowRun, *, silently: bool = False) -> None:
    """Wait for nothing more: what had not begun is dropped, what executes is stopped and recorded as over."""
    run.ended = run.abandoned = True
    if run.pool_if_open is not None:
        run.pool_if_open.drop()
        run.pool_if_open.stop_threads(RunAbandoned)
    for task_run in list(run.live_task_runs):
        task_run.give_up("The flow run ended before the task run did.", silently=silently)


@contextmanager
def _inside(run: FlowRun) -> Iterator[None]:
    flow_token = current_flow_run.set(run)
    task_token = current_task_run.set(None)
    tags_token = current_tags.set(current_tags.get() | run.flow.tags)
    try:
        with prints_to(run.logger if run.flow.log_prints else None):
            yield
    finally:
        current_tags.reset(tags_token)
        current_task_run.reset(task_token)
        current_flow_run.reset(flow_token)


def _timeout(run: FlowRun) -> FlowTimeout:
    run.ended = True
    return FlowTimeout(f"Flow run {run.name!r} did not end within {float(run.flow.timeout_seconds or 0)} seconds")
