"""A claimed run, executed by Prefect's engine from beginning to end."""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path
from typing import Any

from orchestrator.contract.states import TERMINAL, StateType
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import ClaimLost
from orchestrator.worker.claims import Claim
from orchestrator.worker.ending import grace_seconds_of
from orchestrator.worker.isolated import ProcessDied
from orchestrator.worker.prefect_process.environment import engine_environment
from orchestrator.worker.prefect_process.interpreter import engine_command, python_with_prefect
from orchestrator.worker.prefect_process.process import Ended, EngineProcess
from orchestrator.worker.settings import WorkerSettings
from orchestrator.worker.surroundings import BadRunSetting

HOOKS_SECONDS = 60.0  # what the hooks of a cancelled run may take
_ASKING_PATIENCE_SECONDS = 60.0
_log = logging.getLogger("orchestrator.worker")


def execute_in_prefect(
    claim: Claim,
    *,
    process: EngineProcess,
    client: Client,
    settings: WorkerSettings,
    directory: Path,
    env: dict[str, Any],
) -> str | None:
    """The name of the state in which the engine left the run; None when it was stopped before it could say one.

    `env` are the variables of the run's own. Raises BadRunSetting when the run can never begin like this, ProcessDied
    when its process was lost.
    """
    variables = claim.job_variables
    python = python_with_prefect(variables)
    command = engine_command(variables, python)
    environment = engine_environment(claim, api_url=settings.api_url, worker_name=settings.name, given=env)
    try:
        ended = process.execute(
            command,
            environment=environment,
            directory=directory,
            grace_seconds=grace_seconds_of(variables),
            shows_output=variables.get("stream_output") is not False,
        )
    except OSError as error:
        raise BadRunSetting(f"Prefect's engine could not be started with {command[0]}: {error.strerror}") from error
    if isinstance(process.stop_asked, ClaimLost):
        return None
    run = _run_as_it_is(client, claim)
    state, stop = StateType(run["state_type"]), process.stop_asked
    if isinstance(stop, ClaimLost):
        return None  # it became known only now: this state is another one's
    if state is StateType.CANCELLED or (state in TERMINAL and stop is None):
        return str(run["state_name"])
    if stop is not None or state is StateType.CANCELLING:
        _call_hooks(python, environment, directory)
        return None
    if state not in (StateType.PENDING, StateType.RUNNING):
        return str(run["state_name"])  # suspended, or scheduled again
    if state is StateType.PENDING and ended.code > 0:
        raise BadRunSetting(_why_not_begun(ended, python))
    raise ProcessDied(f"The process of Prefect's engine ended before the run did: {ended.how}.")


def _run_as_it_is(client: Client, claim: Claim) -> dict[str, Any]:
    run: dict[str, Any] = client.ask(
        "GET", f"/flow_runs/{claim.flow_run['id']}", patience_seconds=_ASKING_PATIENCE_SECONDS
    )
    return run


def _why_not_begun(ended: Ended, python: str) -> str:
    said = f": {ended.last_line}" if ended.last_line else ""
    hint = ""
    if ended.last_line and "No module named" in ended.last_line and "prefect" in ended.last_line:
        hint = f" Install Prefect there: `{python} -m pip install prefect`"
    return f"Prefect's engine could not begin the run ({ended.how}){said}.{hint}"


def _call_hooks(python: str, environment: dict[str, str], directory: Path) -> None:
    """The engine is gone, and with it whoever would have called the hooks for a cancellation."""
    program = Path(__file__).with_name("hooks.py")
    try:
        subprocess.run(
            [python, str(program)],
            env=environment,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            timeout=HOOKS_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.warning("The hooks for the cancellation could not be called: %s", error)
