"""`pause_flow_run()` waits inside the process, `suspend_flow_run()` leaves it; both until somebody resumes the run."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from orchestrator.contract.states import Status
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.run_client import needed_client, needs_server
from orchestrator.sdk.both_ways import both_ways
from orchestrator.sdk.context import current_flow_run, current_task_run
from orchestrator.sdk.engine.authority import Authority, ServerAuthority, Verdict
from orchestrator.sdk.errors import (
    FlowPauseTimeout,
    MissingContext,
    OrchestratorError,
    PauseRefused,
    RunAbandoned,
    RunCancelled,
    RunSuspended,
    ServerUnreachable,
)
from orchestrator.sdk.options.checks import checked_seconds
from orchestrator.sdk.outcomes.states import Paused, State, Suspended
from orchestrator.sdk.run_input.kinds import Kind, kind_of
from orchestrator.sdk.run_input.questions import read_answer, store_question
from orchestrator.sdk.run_input.stored import keyset_from_paused_state
from orchestrator.sdk.timing.pace import growing_intervals
from orchestrator.sdk.watching.flow_run_watch import FlowRunWatch

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow_run import FlowRun

_COUNTER = "pauses and suspensions"


@both_ways
def pause_flow_run(
    wait_for_input: Any = None,
    timeout: float | None = 3600,
    poll_interval: float = 10,
    key: str | None = None,
    *,
    reschedule: bool = False,
) -> Any:
    """Wait until the current flow run is resumed, by a person, an automation or `resume_flow_run`.

    Tasks that were submitted before go on. `wait_for_input` is a type: str, int, a dataclass, a pydantic model, a
    RunInput class. The run is then only resumed with a value of it, which is returned; without it, None is.
    `timeout` is in seconds, None is for ever. The server pushes that the run was resumed; without that, it is noticed
    within `poll_interval` seconds. `key` tells pauses of one run apart, None counts them. `reschedule=True` suspends
    instead.

    Raises FlowPauseTimeout when nobody resumed the run in time, PauseRefused when the server does not let it pause, and
    MissingContext outside of a flow run. In async code: `await pause_flow_run()`, or `apause_flow_run`.
    """
    if reschedule:
        return _suspend_current(wait_for_input, timeout=timeout, key=key)
    run = _current_run("pause_flow_run")
    timeout = checked_seconds(timeout, "timeout", without="to wait for ever", error=PauseRefused)
    pause = Pause(run.id, Paused, key or str(run.next_number(_COUNTER)), wait_for_input, timeout=timeout)
    client = _client_of(run)
    pause.ask(client)
    run.logger.info("Pauses until it is resumed")
    verdict = run.authority.propose(run.id, pause.state)
    if not _passed_before(verdict, "paused", run):
        try:
            _wait_until_resumed(run, client, timeout=timeout, poll_interval=poll_interval)
        except RunAbandoned:
            if run.stoppable.reason is None:  # a run that is stopped may be another worker's by now, and its pause too
                _leave(run, client)
            raise
        run.logger.info("Was resumed")
    return pause.answer(client)


@both_ways
def suspend_flow_run(
    wait_for_input: Any = None,
    flow_run_id: Any = None,
    timeout: float | None = None,
    key: str | None = None,
) -> Any:
    """Leave the process until the flow run is resumed; then it is executed anew, on any worker.

    The new execution passes this call, and gets what was answered. What was done before is done again, but for tasks
    whose results are persisted. Tasks under way are waited for. Only runs of deployments can be suspended, and no
    subflows. `wait_for_input`, `timeout` and `key` are those of `pause_flow_run`, though `timeout` None is the default.
    With `flow_run_id` another run is suspended: its process is told to leave.

    Raises PauseRefused when the run cannot be suspended, and MissingContext outside of a flow run.
    In async code: `await suspend_flow_run()`, or `asuspend_flow_run`.
    """
    if flow_run_id is None:
        return _suspend_current(wait_for_input, timeout=timeout, key=key)
    timeout = checked_seconds(timeout, "timeout", without="to wait for ever", error=PauseRefused)
    client = needed_client("suspend_flow_run()")
    pause = Pause(str(flow_run_id), Suspended, key or str(uuid4()), wait_for_input, timeout=timeout)
    pause.ask(client)
    authority: Authority = ServerAuthority(client)
    _passed_before(authority.propose(str(flow_run_id), pause.state), "suspended", str(flow_run_id))
    return None


apause_flow_run = pause_flow_run.aio
asuspend_flow_run = suspend_flow_run.aio


class Pause:
    """One pause of one run: the state that it is proposed as, the question it asks, and the answer."""

    def __init__(
        self, flow_run_id: str, enter: Callable[..., State], key: str, wanted: Any, *, timeout: float | None
    ) -> None:
        """`enter` is Paused or Suspended."""
        self._flow_run_id = flow_run_id
        self._kind: Kind | None = kind_of(wanted) if wanted is not None else None
        self.state: State = enter(timeout_seconds=timeout, pause_key=key)
        self._keys = keyset_from_paused_state(self.state)
        if self._kind is not None:
            self.state = self.state.with_details(run_input_keyset=self._keys)

    def ask(self, client: Client) -> None:
        """Store the question. It is there before the run is paused, so that nobody can resume without it."""
        if self._kind is not None:
            store_question(client, self._flow_run_id, self._keys, self._kind)

    def answer(self, client: Client) -> Any:
        """What the run was resumed with."""
        return None if self._kind is None else read_answer(client, self._flow_run_id, self._keys, self._kind)


def _suspend_current(wanted: Any, *, timeout: float | None, key: str | None) -> Any:
    run = _current_run("suspend_flow_run")
    if current_task_run.get() is not None:
        raise PauseRefused("A task cannot suspend its flow run: call suspend_flow_run() in the flow itself")
    timeout = checked_seconds(timeout, "timeout", without="to wait for ever", error=PauseRefused)
    pause = Pause(run.id, Suspended, key or str(run.next_number(_COUNTER)), wanted, timeout=timeout)
    client = _client_of(run)
    pause.ask(client)
    verdict = run.authority.propose(run.id, pause.state)
    if _passed_before(verdict, "suspended", run):
        return pause.answer(client)
    stop = RunSuspended()
    stop.state = verdict.state or pause.state
    raise stop


def _wait_until_resumed(run: FlowRun, client: Client, *, timeout: float | None, poll_interval: float) -> None:
    deadline = None if timeout is None else time.monotonic() + timeout
    with FlowRunWatch(client, run.id) as watch:
        for seconds in growing_intervals(poll_interval):
            state = _state_now(client, run.id)
            if state is not None and not state.is_paused():
                _go_on(run, state)
                return
            left = seconds if deadline is None else deadline - time.monotonic()
            if left <= 0:
                break
            watch.wait(min(seconds, left))
    raise FlowPauseTimeout(f"Flow run {run.name!r} was paused and not resumed within {timeout:g} seconds.")


def _leave(run: FlowRun, client: Client) -> None:
    """The author waits no longer, and the run goes on: the server must not end it for a pause that nobody resumed.

    A pause that waits for input stays one: the server lets nobody leave it without. A run that has ended meanwhile, or
    is being stopped, is not paused any more, and so not touched.
    """
    with suppress(OrchestratorError):
        client.send("POST", f"/flow_runs/{run.id}/resume", {}, patience_seconds=0)


def _go_on(run: FlowRun, state: State) -> None:
    """Raise what ends the run, when it is not running again."""
    if state.is_running():
        return
    if state.is_cancelling() or state.is_cancelled():
        stop = RunCancelled("The run was cancelled while it was paused.")
        run.stoppable.reason = run.stoppable.reason or stop
        raise run.stoppable.reason
    if state.is_failed():
        raise FlowPauseTimeout(state.message or f"Flow run {run.name!r} was paused and not resumed in time.")
    raise PauseRefused(f"Flow run {run.name!r} cannot go on: while it was paused, it became {state}")


def _state_now(client: Client, flow_run_id: str) -> State | None:
    """None while the server is away: a pause outlasts that."""
    try:
        found = client.ask("GET", f"/flow_runs/{flow_run_id}", patience_seconds=0)
    except ServerUnreachable:
        return None
    return State.from_wire(found["state"])


def _passed_before(verdict: Verdict, how: str, run: FlowRun | str) -> bool:
    """Whether the run came by this pause in an earlier execution, and was resumed. Raises when it may not pause."""
    held = verdict.state
    if verdict.status is Status.ACCEPT:
        return False
    if verdict.status is Status.REJECT and held is not None and held.is_running() and not isinstance(run, str):
        return True
    if held is not None and held.is_cancelling() and not isinstance(run, str):
        _go_on(run, held)
    name = run if isinstance(run, str) else repr(run.name)
    raise PauseRefused(f"Flow run {name} cannot be {how}: {verdict.reason or f'it is {held}'}")


def _current_run(function: str) -> FlowRun:
    run = current_flow_run.get()
    if run is None:
        raise MissingContext(f"{function}() was called outside of a flow run")
    return run


def _client_of(run: FlowRun) -> Client:
    if run.client is None:
        raise PauseRefused(needs_server(f"Pausing flow run {run.name!r}"))
    return run.client
