"""One flow run in a warm child: claim, set the scene, run, clean up."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from orchestrator.sdk.client import Client, current_client
from orchestrator.sdk.engine import propose_final_state, run_claimed_flow
from orchestrator.sdk.errors import OrchestratorError, RunStopped, ServerUnreachable
from orchestrator.sdk.logs import RunLog
from orchestrator.sdk.states import Cancelled, Crashed, State
from orchestrator.sdk.stopping import stop_run
from orchestrator.worker import children
from orchestrator.worker.api import api_client
from orchestrator.worker.claims import Claim, ClaimRefused, claim_run, release_claim, report_lost_run
from orchestrator.worker.isolated import IsolatedRun, ProcessDied, Task
from orchestrator.worker.keeper import Keeper
from orchestrator.worker.loading import flow_of_run
from orchestrator.worker.output import captured_output
from orchestrator.worker.settings import WorkerSettings
from orchestrator.worker.stopping import signals_of_run
from orchestrator.worker.surroundings import BadRunSetting, run_directory, surroundings

_log = logging.getLogger("orchestrator.worker")


def execute_run(*, flow_run_id: str, settings: WorkerSettings) -> str:
    """Execute a run if it can be had. Returns a word for the worker's log; raises nothing for what the run does."""
    client = api_client(settings.api_url)
    try:
        claim = claim_run(client, pool=settings.pool, flow_run_id=flow_run_id, worker_name=settings.name)
    except ClaimRefused as refusal:
        _log.debug("Flow run %s was not taken: %s", flow_run_id, refusal)
        return "refused"
    except ServerUnreachable as error:
        # The sweeper sends the next wake-up when the server is back.
        _log.warning("Flow run %s was not taken: %s", flow_run_id, error)
        return "unreachable"
    except OrchestratorError as error:
        _log.error("Flow run %s was not taken: %s", flow_run_id, error)
        return "failed"
    return _execute_claimed(client, claim, settings)


def _execute_claimed(client: Client, claim: Claim, settings: WorkerSettings) -> str:
    isolated = IsolatedRun()
    flow_run_id = str(claim.flow_run["id"])
    keeper = Keeper(client, claim, stop=lambda stop: stop_run(flow_run_id, stop) or isolated.stop(stop))
    keeper.start()
    trouble: str | None = None
    lost: str | None = None
    outcome: str | None = None  # None: the engine has told the server nothing yet
    try:
        with signals_of_run(orphaned=keeper.worker_died):
            outcome = _run(claim, settings, isolated)
    except BadRunSetting as error:
        trouble = str(error)
    except ProcessDied as error:
        lost = str(error)
    except RunStopped:
        # Raised between two steps of the engine; what there is to say to the server is said below.
        pass
    except BaseException as error:  # noqa: BLE001 - a flow that calls sys.exit() must not end the worker's child
        # The engine has reported this as the run's end already.
        _log.warning("Flow run %s ended with %r", claim.flow_run["id"], error)
    finally:
        keeper.stop()
    if keeper.gone:
        return "lost"
    if keeper.cancelling and outcome is None:
        _end(claim, Cancelled(message="The run was cancelled."))
    elif trouble is not None:
        _end(claim, Crashed(message=trouble))
    _deliver_last_lines()
    _release(client, claim, lost=lost, settings=settings)
    return outcome or "Crashed"


def _run(claim: Claim, settings: WorkerSettings, isolated: IsolatedRun) -> str:
    flow_run, variables = claim.flow_run, claim.job_variables
    deployment = claim.deployment or {}
    environment = {
        "ORCHESTRATOR_API_URL": settings.api_url,
        **variables["env"],
        "ORCHESTRATOR_FLOW_RUN_ID": flow_run["id"],
    }
    with (
        run_directory(given=deployment.get("path"), home=settings.home, flow_run_id=flow_run["id"]) as directory,
        surroundings(directory=directory, environment=environment),
        captured_output(_log_lines_of(flow_run["id"])),
    ):
        limit = _soft_limit_seconds(variables)
        entrypoint = deployment.get("entrypoint")
        if _wants_own_process(variables):
            log = children.worker_log or sys.stderr
            isolated.execute(Task(flow_run, claim.id, entrypoint, str(directory), limit, log.fileno()))
            return "isolated"
        with flow_of_run(entrypoint, directory=directory, soft_limit_seconds=limit) as flow:
            state = run_claimed_flow(flow, flow_run=flow_run, claim_id=claim.id)
        return str(state.name)


def _soft_limit_seconds(variables: dict[str, Any]) -> float | None:
    given = variables.get("soft_time_limit_seconds")
    if given in (None, ""):
        return None
    try:
        return float(given)
    except (TypeError, ValueError):
        raise BadRunSetting(f"The job variable soft_time_limit_seconds is {given!r}; a number is needed") from None


def _wants_own_process(variables: dict[str, Any]) -> bool:
    given = variables.get("isolation")
    if given not in (None, "", "process"):
        raise BadRunSetting(f"The job variable isolation is {given!r}; it can be 'process' or be left out")
    return given == "process"


def _log_lines_of(flow_run_id: str) -> Any:
    """Printed lines become log lines at level INFO: programs write progress to standard error as readily as errors,
    so the stream says nothing about how bad a line is. It is kept as the logger's name."""
    client = current_client()
    delivery = client.delivery if client is not None else None

    def sink(stream: str, line: str) -> None:
        if delivery is None:
            return
        record = logging.LogRecord(stream, logging.INFO, "", 0, line, None, None)
        record.flow_run_id = flow_run_id
        delivery.put_log(RunLog(record, line))

    return sink


def _deliver_last_lines() -> None:
    """What was captured at the very end is still under way; costs nothing when there is none."""
    client = current_client()
    if client is not None:
        client.delivery.flush()


def _end(claim: Claim, state: State) -> None:
    try:
        propose_final_state(state, flow_run=claim.flow_run, claim_id=claim.id)
    except OrchestratorError as error:
        _log.error("Flow run %s: its state could not be set: %s", claim.flow_run["id"], error)


def _release(client: Client, claim: Claim, *, lost: str | None, settings: WorkerSettings) -> None:
    """Give the claim up. `lost`: how the run's process died, None when the run ended."""
    run_id = str(claim.flow_run["id"])
    try:
        if lost is not None:
            _log.error("Flow run %s: %s", run_id, lost)
            report_lost_run(
                client,
                pool=settings.pool,
                flow_run_id=run_id,
                worker_name=settings.name,
                process_id=os.getpid(),
                reason=lost,
            )
        else:
            release_claim(client, claim.id)
    except OrchestratorError as error:
        _log.warning("Flow run %s: its claim could not be released and will expire: %s", run_id, error)
