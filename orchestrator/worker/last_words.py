"""The hooks of a cancelled or crashed run whose own process is gone, called in a fresh one.

Run as `python -m orchestrator.worker.last_words`, with LastWords as JSON on standard input.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from orchestrator.contract.states import State as ContractState
from orchestrator.sdk.flows.hooks_afterwards import call_hooks_of_dead_run
from orchestrator.sdk.outcomes.states import State
from orchestrator.worker.api import api_client
from orchestrator.worker.children import set_up_run_log
from orchestrator.worker.code.source import RunCode
from orchestrator.worker.ending import RUN_VARIABLE, LastWords
from orchestrator.worker.loading import flow_of_run
from orchestrator.worker.prefect_process.recognising import Engine, engine_of
from orchestrator.worker.process_tree import ATTEMPT_VARIABLE, attempt_of
from orchestrator.worker.surroundings import BadRunSetting, run_directory, surroundings

_log = logging.getLogger("orchestrator.worker")


def main() -> None:
    """Load the flow as the run had it, and call its hooks, if it has any."""
    words = LastWords(**json.load(sys.stdin))
    set_up_run_log(sys.stderr)
    try:
        _speak(words)
    except BadRunSetting as error:
        _log.warning("Flow run %s: its hooks could not be called: %s", words.flow_run["id"], error)


def _speak(words: LastWords) -> None:
    home = Path(words.home)
    code = RunCode(words.deployment, client=api_client(words.api_url), home=home)
    if engine_of(words.deployment, words.job_variables, code.text_of_entrypoint) is Engine.PREFECT:
        return  # its hooks are called where its engine is
    run_id = str(words.flow_run["id"])
    environment = {
        "ORCHESTRATOR_API_URL": words.api_url,
        **code.fill(words.job_variables.get("env") or {}),
        RUN_VARIABLE: run_id,
        ATTEMPT_VARIABLE: attempt_of(run_id, os.getpid()),
    }
    given = None if code.is_fetched else words.deployment.get("path")
    with (
        run_directory(given=given, home=home, flow_run_id=f"{run_id}-hooks") as directory,
        surroundings(directory=directory, environment=environment),
    ):
        place = code.fetch(directory) if code.is_fetched else directory
        with flow_of_run(words.deployment.get("entrypoint"), directory=place, soft_limit_seconds=None) as flow:
            call_hooks_of_dead_run(flow, _state(words.state), flow_run=words.flow_run)


def _state(wire: dict[str, Any]) -> State:
    found = ContractState.from_wire(wire)
    return State(
        type=found.type, name=found.name, message=found.message, timestamp=found.timestamp, details=found.details
    )


if __name__ == "__main__":
    main()
