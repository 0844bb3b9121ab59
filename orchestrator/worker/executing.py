"""One flow run in a warm child: claim, set the scene, run, clean up."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from orchestrator.sdk.api.client import Client, current_client
from orchestrator.sdk.engine.stopping import stop_run
from orchestrator.sdk.errors import OrchestratorError, RunStopped, RunSuspended, ServerUnreachable
from orchestrator.sdk.flows.claimed_runs import propose_final_state, run_claimed_flow
from orchestrator.sdk.outcomes.states import Cancelled, Crashed, State
from orchestrator.sdk.recording.logs import RunLog
from orchestrator.worker import children
from orchestrator.worker.api import api_access, api_client
from orchestrator.worker.claims import Claim, ClaimRefused, claim_run, release_claim, report_lost_run
from orchestrator.worker.code.source import RunCode
from orchestrator.worker.isolated import IsolatedRun, ProcessDied, Task
from orchestrator.worker.keeper import Keeper
from orchestrator.worker.loading import flow_of_run
from orchestrator.worker.output import captured_output
from orchestrator.worker.prefect_process.execution import execute_in_prefect
from orchestrator.worker.prefect_process.process import EngineProcess
from orchestrator.worker.prefect_process.recognising import Engine, engine_of
from orchestrator.worker.process_tree import ATTEMPT_VARIABLE, attempt_of
from orchestrator.worker.settings import WorkerSettings
from orchestrator.worker.stopping import leave_deaf_threads, signals_of_run
from orchestrator.worker.surroundings import BadRunSetting, run_directory, surroundings

_log = logging.getLogger("orchestrator.worker")


def execute_run(*, flow_run_id: str, settings: WorkerSettings) -> str:
    """Execute a run if it can be had. Returns a word for the worker's log; raises nothing for what the run does."""
    client = api_client(settings.api_url)
    try:
        claim = claim_run(
            client,
            pool=settings.pool,
            flow_run_id=flow_run_id,
            worker_name=settings.name,
            work_queues=settings.work_queues,
        )
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
    ways = _Ways(claim, client, settings)
    keeper = Keeper(client, claim, access=api_access(settings.api_url), stop=ways.stop)
    keeper.start()
    trouble: str | None = None
    lost: str | None = None
    outcome: str | None = None  # None: the engine has told the server nothing yet
    try:
        with signals_of_run(orphaned=keeper.worker_died):
            outcome = _run(claim, settings, client, ways)
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
        leave_deaf_threads()
        return "lost"
    if keeper.cancelling and outcome is None:
        _end(claim, Cancelled(message=ways.how_cancelled()))
    elif trouble is not None:
        _end(claim, Crashed(message=trouble))
    _deliver_last_lines()
    _release(client, claim, lost=lost, settings=settings)
    leave_deaf_threads()
    return outcome or "Crashed"


def _run(claim: Claim, settings: WorkerSettings, client: Client, ways: _Ways) -> str | None:
    """Execute the run in whichever way it wants. The name of its last state, None when the server was told none."""
    flow_run, variables = claim.flow_run, claim.job_variables
    deployment = claim.deployment or {}
    own_variables = ways.code.fill(variables["env"])
    engine = engine_of(deployment, variables, ways.code.text_of_entrypoint)
    if engine is Engine.PREFECT:
        given = variables.get("working_dir")
        with run_directory(
            given=given, home=settings.home, flow_run_id=flow_run["id"], attempt=claim.attempt
        ) as directory:
            return execute_in_prefect(
                claim, process=ways.prefect, client=client, settings=settings, directory=directory, env=own_variables
            )
    given = None if ways.code.is_fetched else deployment.get("path")
    environment = {
        "ORCHESTRATOR_API_URL": settings.api_url,
        **own_variables,
        "ORCHESTRATOR_FLOW_RUN_ID": flow_run["id"],
        ATTEMPT_VARIABLE: attempt_of(flow_run["id"], os.getpid()),
    }
    with (
        run_directory(given=given, home=settings.home, flow_run_id=flow_run["id"], attempt=claim.attempt) as directory,
        surroundings(directory=directory, environment=environment),
        captured_output(_log_lines_of(flow_run["id"])),
    ):
        limit = _soft_limit_seconds(variables)
        entrypoint = deployment.get("entrypoint")
        place = ways.code.fetch(directory) if ways.code.is_fetched else directory
        _enter(variables.get("working_dir"))
        if _wants_own_process(variables):
            log = children.worker_log or sys.stderr
            ways.isolated.execute(Task(flow_run, claim.id, entrypoint, str(place), limit, log.fileno(), os.getpid()))
            return "isolated"
        with flow_of_run(entrypoint, directory=place, soft_limit_seconds=limit) as flow:
            state = run_claimed_flow(flow, flow_run=flow_run, claim_id=claim.id)
        return str(state.name)


class _Ways:
    """All that may be under way for one run, so that a stop reaches whatever it is at that moment."""

    def __init__(self, claim: Claim, client: Client, settings: WorkerSettings) -> None:
        self._flow_run_id = str(claim.flow_run["id"])
        self.isolated = IsolatedRun()
        self.prefect = EngineProcess()
        self.code = RunCode(claim.deployment or {}, client=client, home=settings.home)

    def how_cancelled(self) -> str:
        """What a cancelled run's last state says when its engine could not say anything itself."""
        seconds = self.prefect.killed_after_seconds
        if seconds is None:
            return "The run was cancelled."
        return f"The run was cancelled. It did not stop within {seconds:g} seconds, so its processes were killed."

    def stop(self, stop: RunStopped) -> bool:
        """False when it reached nothing, and should be tried again."""
        if isinstance(stop, RunSuspended):
            # Prefect's engine hears of it from the server and leaves by itself.
            return stop_run(self._flow_run_id, stop) or self.isolated.stop(stop)
        return (
            stop_run(self._flow_run_id, stop)
            or self.isolated.stop(stop)
            or self.prefect.stop(stop)
            or self.code.stop(stop)
        )


def _soft_limit_seconds(variables: dict[str, Any]) -> float | None:
    given = variables.get("soft_time_limit_seconds")
    if given in (None, ""):
        return None
    try:
        return float(given)
    except (TypeError, ValueError):
        raise BadRunSetting(f"The job variable soft_time_limit_seconds is {given!r}; a number is needed") from None


def _enter(directory: Any) -> None:
    if directory:
        try:
            os.chdir(os.path.expanduser(directory))
        except (OSError, TypeError) as error:
            said = getattr(error, "strerror", None) or error
            raise BadRunSetting(
                f"The job variable working_dir is {directory!r}, which cannot be used: {said}"
            ) from None


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
        elif (teller := current_client()) is not None and teller.delivery.journal.waits_to_tell(run_id):
            # Given up now, the run would begin again although it ended. The server waits for a while after an outage.
            _log.warning("Flow run %s: its claim is kept until the server knows how the run ended", run_id)
        else:
            release_claim(client, claim.id)
    except OrchestratorError as error:
        _log.warning("Flow run %s: its claim could not be released and will expire: %s", run_id, error)
