"""Ending a run from outside, when it was asked to stop and did not: SIGTERM, SIGKILL, its state, its hooks."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from orchestrator.contract.states import TERMINAL
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.transport import CLAIM_HEADER
from orchestrator.sdk.errors import OrchestratorError
from orchestrator.worker.claims import ClaimGone, effective_variables, read_claim, release_claim
from orchestrator.worker.code.source import RunCode
from orchestrator.worker.prefect_process.recognising import Engine, engine_of
from orchestrator.worker.process_tree import ProcessTree, mark_of
from orchestrator.worker.settings import WorkerSettings
from orchestrator.worker.surroundings import BadRunSetting

RUN_VARIABLE = "ORCHESTRATOR_FLOW_RUN_ID"
DEFAULT_GRACE_SECONDS = 30.0
MOST_GRACE_SECONDS = 3600.0
TERM_SECONDS = 5.0  # between SIGTERM and SIGKILL
ENGINE_SECONDS = 75.0  # what Prefect's engine gets besides: it ends its processes, and calls hooks, by itself
HOOKS_SECONDS = 60.0  # what the hooks of a run may take whose process was killed
_PATIENCE_SECONDS = 60.0  # for a server that is away

_log = logging.getLogger("orchestrator.worker")
_under_way: set[tuple[str, int]] = set()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class LastWords:
    """What a fresh process needs to know in order to call the hooks of a run whose own process is gone."""

    flow_run: dict[str, Any]
    deployment: dict[str, Any]
    job_variables: dict[str, Any]
    api_url: str
    home: str
    state: dict[str, Any]


@dataclass(slots=True)
class Ending:
    """A run that is to end, and when it loses its processes if it has not."""

    settings: WorkerSettings
    flow_run_id: str
    process_id: int
    due: float  # by the monotonic clock
    grace_seconds: float
    claim_id: str | None = None  # None: another one owns the run, and there is nothing to say to the server
    flow_run: dict[str, Any] = field(default_factory=dict)
    deployment: dict[str, Any] = field(default_factory=dict)
    begun: bool = False

    @classmethod
    def of_cancelled_run(
        cls, client: Client, settings: WorkerSettings, claim: dict[str, Any], *, process_id: int
    ) -> Ending:
        flow_run, deployment = _asked(client, claim["id"])
        variables = effective_variables(deployment, flow_run)
        grace = grace_seconds_of(variables)
        code = RunCode(deployment, client=client, home=settings.home)
        extra = ENGINE_SECONDS if _is_prefects(deployment, variables, code) else 0.0
        return cls(
            settings=settings,
            flow_run_id=claim["flow_run_id"],
            process_id=process_id,
            due=time.monotonic() + grace + extra,
            grace_seconds=grace,
            claim_id=claim["id"],
            flow_run=flow_run,
            deployment=deployment,
        )

    @classmethod
    def of_lost_run(cls, settings: WorkerSettings, *, flow_run_id: str, process_id: int) -> Ending:
        return cls(settings, flow_run_id, process_id, due=time.monotonic(), grace_seconds=0.0)

    @property
    def is_due(self) -> bool:
        return time.monotonic() >= self.due


def grace_seconds_of(variables: dict[str, Any]) -> float:
    """What a run gets to stop by itself: the job variable `cancel_grace_seconds`, the worker's setting, 30 seconds.

    What is no usable number is passed over: a run must not go on because of a slip.
    """
    for given in (variables.get("cancel_grace_seconds"), os.environ.get("ORCHESTRATOR_CANCEL_GRACE_SECONDS")):
        try:
            seconds = float(given)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
        if 0 <= seconds <= MOST_GRACE_SECONDS:
            return seconds
    return DEFAULT_GRACE_SECONDS


def is_being_ended(flow_run_id: str, process_id: int | None) -> bool:
    """Whether the death of this process is the worker's own doing, who tells the server by itself."""
    with _lock:
        return (flow_run_id, process_id) in _under_way


def end_run(client: Client, ending: Ending) -> None:
    """End the processes of a run for good, tell the server what happened, and let its hooks be called."""
    key = (ending.flow_run_id, ending.process_id)
    with _lock:
        _under_way.add(key)
    try:
        how = _end_processes(ending)
        _log.error("Flow run %s: %s", ending.flow_run_id, how)
        if ending.claim_id is None:
            return
        state = _cancelled(client, ending, ending.claim_id, how)
        if state is not None:
            call_hooks_elsewhere(ending.settings, flow_run=ending.flow_run, deployment=ending.deployment, state=state)
    except OrchestratorError as error:
        # Its lease ends by itself, and the server takes the run for cancelled then.
        _log.warning("Flow run %s: the server could not be told how it ended: %s", ending.flow_run_id, error)
    finally:
        with _lock:
            _under_way.discard(key)


def _end_processes(ending: Ending) -> str:
    tree = ProcessTree(ending.process_id, mark=mark_of(ending.flow_run_id, ending.process_id))
    tree.send(signal.SIGTERM)
    if ending.claim_id is None:
        what = "It went on after its claim had ended"
    else:
        what = f"It did not stop by itself within {ending.grace_seconds:g} seconds"
    if tree.wait(TERM_SECONDS):
        return f"{what}, so its process was ended with SIGTERM; {_count(tree.seen)} ended."
    if tree.kill():
        killed = f"its process was killed with SIGKILL {TERM_SECONDS:g} seconds after SIGTERM"
        return f"{what}, so {killed}; {_count(tree.seen)} ended."
    return f"{what}, and {_count(len(tree.look()))} cannot be killed."


def _count(processes: int) -> str:
    return "1 process" if processes == 1 else f"{processes} processes"


def _cancelled(client: Client, ending: Ending, claim_id: str, how: str) -> dict[str, Any] | None:
    """The state that was written; None when the run had ended, and its process had only not."""
    run = client.ask("GET", f"/flow_runs/{ending.flow_run_id}", patience_seconds=_PATIENCE_SECONDS)
    written = None
    if run["state_type"] not in TERMINAL:
        state = {"type": "CANCELLED", "name": "Cancelled", "message": f"The run was cancelled. {how}"}
        answer = client.ask(
            "POST",
            f"/flow_runs/{ending.flow_run_id}/set_state",
            {"state": state, "force": True},
            headers={CLAIM_HEADER: claim_id},
            patience_seconds=_PATIENCE_SECONDS,
        )
        written = answer["state"] if answer["status"] == "ACCEPT" else None
    release_claim(client, claim_id)
    return written


def call_hooks_elsewhere(
    settings: WorkerSettings, *, flow_run: dict[str, Any], deployment: dict[str, Any], state: dict[str, Any]
) -> None:
    """Call the hooks that the flow has for this last state, in a fresh process: that of the run is gone.

    Waits for it, for HOOKS_SECONDS at most. `flow_run` and `deployment` are what whoever executed the run was told.
    """
    words = LastWords(
        flow_run=flow_run,
        deployment=deployment,
        job_variables=effective_variables(deployment, flow_run),
        api_url=settings.api_url,
        home=str(settings.home),
        state=state,
    )
    command = [sys.executable, "-P", "-m", "orchestrator.worker.last_words"]
    # A session of its own: it outlives a worker that is being stopped, and is killed with all that it starts.
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
        try:
            process.communicate(json.dumps(asdict(words)).encode(), timeout=HOOKS_SECONDS)
        except subprocess.TimeoutExpired:
            _log.warning("Flow run %s: its hooks took too long and were ended", flow_run["id"])
            ProcessTree(process.pid, mark=mark_of(str(flow_run["id"]), process.pid)).kill()


def _asked(client: Client, claim_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The run and its deployment, as whoever executes it was told: with what the pool sets for all of its runs.

    Empty when the server does not say: the run ends all the same.
    """
    try:
        claim = read_claim(client, claim_id)
    except (ClaimGone, OrchestratorError):
        return {}, {}
    return claim.flow_run, claim.deployment or {}


def _is_prefects(deployment: dict[str, Any], variables: dict[str, Any], code: RunCode) -> bool:
    # Code that steps bring is not fetched for that: such runs are Prefect's unless they say something else.
    look = (lambda: None) if code.is_fetched else code.text_of_entrypoint
    try:
        return engine_of(deployment, variables, look) is Engine.PREFECT
    except BadRunSetting:
        return False
