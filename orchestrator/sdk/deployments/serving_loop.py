"""The loop of a process that makes deployments and executes their runs."""

from __future__ import annotations

import heapq
import sys
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from orchestrator.contract.states import StateType, Status
from orchestrator.contract.times import format_time, now, parse_time
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.deployments.code_places import code_location
from orchestrator.sdk.deployments.flow_deployment import FlowDeployment
from orchestrator.sdk.deployments.served_run import CANCEL_SIGNAL, ORPHAN_SIGNAL, ServedRun
from orchestrator.sdk.engine.authority import ServerAuthority
from orchestrator.sdk.errors import ApiError, OrchestratorError, ServerUnreachable
from orchestrator.sdk.flows.hooks_afterwards import call_hooks_of_dead_run
from orchestrator.sdk.outcomes.states import Cancelled, Crashed, Pending, State

LIMIT = 5  # runs at once, unless somebody says otherwise
POLL_SECONDS = 2.0
DRAIN_SECONDS = 10.0  # that runs get to end by themselves when the process is told to end
CANCEL_GRACE_SECONDS = 30.0  # that a cancelled run gets before its process is killed
_TICK_SECONDS = 0.2
_HOOKS_SECONDS = 60.0  # what the hooks of runs that died may still take in the end
_PATIENCE_SECONDS = 1.0  # for a server that is away; asked again with the next poll


class Serving:
    """The loop. `stop()` may be called from a signal handler or another thread."""

    def __init__(
        self,
        client: Client,
        *,
        limit: int = LIMIT,
        drain_seconds: float = DRAIN_SECONDS,
        poll_seconds: float = POLL_SECONDS,
        cancel_grace_seconds: float = CANCEL_GRACE_SECONDS,
    ) -> None:
        self._client = client
        self._authority = ServerAuthority(client)
        self._limit = limit
        self._drain_seconds = drain_seconds
        self._poll_seconds = poll_seconds
        self._cancel_grace_seconds = cancel_grace_seconds
        self._deployments: dict[str, FlowDeployment] = {}
        self._due: list[tuple[float, str, dict[str, Any]]] = []  # epoch seconds, id, run
        self._running: dict[str, ServedRun] = {}
        self._calling_hooks: list[threading.Thread] = []
        self._ended: dict[str, ServedRun] = {}  # processes that died, until the server knows
        self._stops = 0
        self._woken = threading.Event()
        self._server_is_away = False

    def register(self, deployments: Sequence[FlowDeployment]) -> None:
        """Make the deployments. One that was paused when it was served last is resumed."""
        for deployment in deployments:
            deployment_id = deployment.apply(client=self._client)
            self._deployments[deployment_id] = deployment
            if deployment.paused is None:
                self._client.send("POST", f"/deployments/{deployment_id}/resume_deployment", {})

    def run(self) -> None:
        """Until `stop()` was called and what was under way has ended."""
        next_poll = 0.0
        while not self._stops:
            self._look_after_runs()
            if time.monotonic() >= next_poll:
                self._poll()
                next_poll = time.monotonic() + self._poll_seconds
            self._begin_due_runs()
            self._woken.wait(_TICK_SECONDS)
        self._drain()

    def stop(self) -> None:
        """Begin no more runs. Called again: end those that are under way."""
        self._stops += 1
        self._woken.set()

    def pause(self) -> None:
        """Keep schedules from planning runs that nobody would execute."""
        for deployment_id, deployment in self._deployments.items():
            try:
                self._client.send("POST", f"/deployments/{deployment_id}/pause_deployment", {}, patience_seconds=5)
            except OrchestratorError as error:
                say(f"{deployment.full_name} could not be paused: {error}")

    # --- what is to be executed

    def _poll(self) -> None:
        waiting = self._ask(
            "/deployments/get_scheduled_flow_runs",
            {
                "deployment_ids": list(self._deployments),
                "scheduled_before": format_time(now() + timedelta(seconds=2 * self._poll_seconds)),
                "limit": 200,
            },
        )
        if waiting is not None:
            # Anew each time: what was planned may have been moved or taken back.
            self._due = [(_due_at(run), str(run["id"]), run) for run in waiting if str(run["id"]) not in self._running]
            heapq.heapify(self._due)
        if self._running:
            self._stop_cancelled_and_suspended_runs()

    def _begin_due_runs(self) -> None:
        while self._due and self._due[0][0] <= time.time() and len(self._running) < self._limit and not self._stops:
            _, run_id, flow_run = heapq.heappop(self._due)
            if run_id not in self._running and self._take(run_id):
                self._begin(flow_run)

    def _take(self, run_id: str) -> bool:
        """Whether the run is ours: whoever makes it PENDING has it."""
        try:
            verdict = self._authority.propose(run_id, Pending(), patience_seconds=30)
        except OrchestratorError as error:
            self._noted(error)
            return False
        return verdict.status is Status.ACCEPT

    def _begin(self, flow_run: dict[str, Any]) -> None:
        deployment = self._deployments[str(flow_run["deployment_id"])]
        # Code that workers would fetch is here already: the flow was loaded from it.
        directory, entrypoint = deployment.path, deployment.entrypoint
        if directory is None or entrypoint is None or ":" not in entrypoint:
            directory, entrypoint = code_location(deployment.flow)
        try:
            run = ServedRun(flow_run, entrypoint=entrypoint, directory=directory)
        except OSError as error:
            self._propose(str(flow_run["id"]), Crashed(message=f"The run's process could not be started: {error}"))
            return
        self._running[run.id] = run

    # --- what is under way

    def _look_after_runs(self) -> None:
        for run in list(self._running.values()):
            if run.exit_code is not None:
                del self._running[run.id]
                if run.exit_code != 0 or run.was_killed:
                    self._ended[run.id] = run
            elif run.stopped_at is not None and time.monotonic() - run.stopped_at > self._cancel_grace_seconds:
                run.kill()
        for run in list(self._ended.values()):
            if self._told(run):
                del self._ended[run.id]

    def _stop_cancelled_and_suspended_runs(self) -> None:
        filters = {
            "id": {"any_": list(self._running)},
            "state": {"type": {"any_": [StateType.CANCELLING.value, StateType.PAUSED.value]}},
        }
        for found in self._ask("/flow_runs/filter", {"flow_runs": filters, "limit": 200}) or ():
            run = self._running.get(str(found["id"]))
            state = State.from_wire(found["state"])
            if run is None or run.stopped_at is not None:
                continue
            if state.is_cancelling():
                run.stop(CANCEL_SIGNAL)
            elif _is_suspended(state):
                run.leave()

    def _told(self, run: ServedRun) -> bool:
        """Tell the server how a run's process died, unless the run itself told how it ended. False: not yet."""
        try:
            found = self._client.ask("GET", f"/flow_runs/{run.id}", patience_seconds=_PATIENCE_SECONDS)
        except ApiError as error:
            return error.status == 404
        except ServerUnreachable as error:
            self._noted(error)
            return False
        state = State.from_wire(found["state"]) if found.get("state") else Pending()
        if state.is_terminal or state.type is StateType.SCHEDULED or _is_suspended(state):
            return True
        if state.is_cancelling():
            after = f"after {self._cancel_grace_seconds:g} s " if run.was_killed else ""
            message = f"The run was cancelled; its process was ended {after}by {run.how_it_ended()}."
            return self._tell_end(found, Cancelled(message=message), force=True)
        return self._tell_end(found, Crashed(message=f"The process of the run died: {run.how_it_ended()}."))

    def _tell_end(self, flow_run: dict[str, Any], state: State, *, force: bool = False) -> bool:
        """False: the server does not know yet. When it does, the flow's hooks are called, beside the loop."""
        told = self._propose(str(flow_run["id"]), state, force=force)
        deployment = self._deployments.get(str(flow_run.get("deployment_id")))
        if told and deployment is not None:
            options = {"flow_run": flow_run, "client": self._client}
            thread = threading.Thread(
                target=call_hooks_of_dead_run, args=(deployment.flow, state), kwargs=options, daemon=True
            )
            thread.start()
            self._calling_hooks = [*filter(threading.Thread.is_alive, self._calling_hooks), thread]
        return told

    def _drain(self) -> None:
        if self._running:
            say(f"Waits up to {self._drain_seconds:g} s for {len(self._running)} runs; once more ends them now.")
        deadline = time.monotonic() + self._drain_seconds
        while self._running and time.monotonic() < deadline and self._stops < 2:
            self._look_after_runs()
            time.sleep(_TICK_SECONDS)
        for run in self._running.values():
            run.stop(ORPHAN_SIGNAL)
        deadline = time.monotonic() + min(5.0, self._cancel_grace_seconds)
        while (self._running or self._ended) and time.monotonic() < deadline:
            self._look_after_runs()
            time.sleep(_TICK_SECONDS)
        for run in self._running.values():
            run.kill()
            self._tell_end(run.flow_run, Crashed(message="The process that served the deployment has ended."))
        deadline = time.monotonic() + _HOOKS_SECONDS
        for thread in self._calling_hooks:
            thread.join(max(0.0, deadline - time.monotonic()))

    # --- the server

    def _ask(self, path: str, body: dict[str, Any]) -> Any:
        """None when the server is away, or does not like the question: asked again with the next poll."""
        try:
            answer = self._client.ask("POST", path, body, patience_seconds=_PATIENCE_SECONDS)
        except OrchestratorError as error:
            self._noted(error)
            return None
        if self._server_is_away:
            say("The server is back.")
            self._server_is_away = False
        return answer

    def _propose(self, run_id: str, state: State, *, force: bool = False) -> bool:
        try:
            self._authority.propose(run_id, state, force=force, patience_seconds=_PATIENCE_SECONDS)
        except ServerUnreachable as error:
            self._noted(error)
            return False
        except ApiError as error:
            self._noted(error)
        return True

    def _noted(self, error: Exception) -> None:
        if not isinstance(error, ServerUnreachable):
            say(f"The server did not take a request: {error}")
        elif not self._server_is_away:
            self._server_is_away = True
            say(f"The server is away, runs under way go on: {error}")


def _is_suspended(state: State) -> bool:
    """Paused without a process: it needs one again when it is resumed."""
    return state.is_paused() and bool(state.details.get("pause_reschedule"))


def _due_at(run: dict[str, Any]) -> float:
    text = run.get("next_scheduled_start_time") or run.get("expected_start_time")
    return parse_time(text).timestamp() if text else time.time()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
