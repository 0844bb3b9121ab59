"""How a flow run ends: its last state proposed to the authority, its tasks put in order, its hooks called."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from orchestrator.contract.states import Status
from orchestrator.sdk.configuration import settings
from orchestrator.sdk.crashes import describe_crash
from orchestrator.sdk.engine.authority import adopt
from orchestrator.sdk.engine.conversation import Block, Conversation
from orchestrator.sdk.errors import (
    ApiError,
    ClaimLost,
    RunAbandoned,
    RunCancelled,
    RunStopped,
    RunSuspended,
    ServerUnreachable,
)
from orchestrator.sdk.options.hooks import hooks_for
from orchestrator.sdk.outcomes.states import MISSING, Cancelled, Crashed, State, Suspended

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow_run import FlowRun

_LEAST_PATIENCE_SECONDS = 5.0


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
    run.entered(held)
    if verdict.status is Status.ABORT:
        run.logger.warning(f"The server did not take the final state: {verdict.reason or 'no reason was given'}")
    else:
        yield from _tell_hooks(run, held)
    if held.is_terminal:
        if not run.flow.cache_result_in_memory and held.is_completed() and held.has_persisted_result:
            held = run.state = held.with_(outcome=MISSING)
        elif run.parent is not None and run.tracking_id is not None and held.is_completed():
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


def suspended(run: FlowRun, stop: RunSuspended) -> Conversation:
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
    return stop.state or told.state or Suspended(message=stop.reason)


def stopped_state(run: FlowRun, stop: RunStopped) -> State:
    """The last state of a run that was stopped by this; its tasks are given up."""
    abandon_tasks(run, silently=isinstance(stop, ClaimLost))
    if isinstance(stop, RunSuspended):
        return _suspended_state(run, stop)
    if isinstance(stop, ClaimLost):
        return Cancelled(message=stop.reason).with_(outcome=stop)
    if isinstance(stop, RunCancelled):
        return Cancelled(message=stop.how_it_stopped()).with_(outcome=None)
    return Crashed(message=describe_crash(stop), data=stop)


def abandon_tasks(run: FlowRun, *, silently: bool = False) -> None:
    """Wait for nothing more: what had not begun is dropped, what executes is stopped and recorded as over."""
    run.ended = run.abandoned = True
    if run.pool_if_open is not None:
        run.pool_if_open.drop()
        run.pool_if_open.stop_threads(RunAbandoned)
    for task_run in list(run.live_task_runs):
        task_run.give_up("The flow run ended before the task run did.", silently=silently)
