"""How a flow run is executed: begun, tried, tried again, ended."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from orchestrator.contract.states import StateType, Status
from orchestrator.sdk.crashes import describe_crash, describe_error, own_frames_removed
from orchestrator.sdk.dependencies.inputs import find_futures, resolve
from orchestrator.sdk.dependencies.returned_futures import settle
from orchestrator.sdk.engine.authority import (
    retry_moment,
)
from orchestrator.sdk.engine.conversation import Block, CallUser, Conversation, Sleep, WaitFor
from orchestrator.sdk.engine.items import consume
from orchestrator.sdk.errors import (
    FlowTimeout,
    ParameterTypeError,
    RefusedRun,
    RunStopped,
    RunSuspended,
    UpstreamFailed,
)
from orchestrator.sdk.flows.flow_endings import abandon_tasks, conclude, stopped_state, suspended
from orchestrator.sdk.outcomes.states import Cancelled, Crashed, Failed, Retrying, Running, State
from orchestrator.sdk.processes.termination import ending_with_the_process
from orchestrator.sdk.recording.heartbeats import signs_of_life
from orchestrator.sdk.results.keeping import with_stored_result

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow_run import FlowRun


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
        return (yield from conclude(run, stopped_state(run, stop)))


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
            run.entered(state)
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
            with run.inside():
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
        final = yield from settle(value)
        if run.persists_results and not run.flow.is_generator:
            returned = final
            final = yield Block(lambda: with_stored_result(run, returned))
        return final, None
    except FlowTimeout as error:
        abandon_tasks(run)
        return Failed(message=str(error), name="TimedOut", data=error), None
    except RunSuspended as stop:
        return (yield from suspended(run, stop)), None
    except RunStopped as stop:
        # A stop of an outer run goes on to that run once this one is put in order.
        return stopped_state(run, stop), None if run.stoppable.reason is not None else stop
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
            return (yield from suspended(run, stop_asked)), None
        if stop_asked is not None:
            return stopped_state(run, stop_asked), None
        abandon_tasks(run)
        return Crashed(message=describe_crash(error), data=error), error


def _consume(run: FlowRun, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Conversation:
    def given(item: Any) -> None:
        if run.parent is not None and run.tracking_id is not None:
            run.parent.origins.remember(item, run.tracking_id)

    return consume(run.flow, arguments, keywords, inside=run.inside, timed_out=lambda: _timeout(run), given=given)


def _timeout(run: FlowRun) -> FlowTimeout:
    run.ended = True
    return FlowTimeout(f"Flow run {run.name!r} did not end within {float(run.flow.timeout_seconds or 0)} seconds")
