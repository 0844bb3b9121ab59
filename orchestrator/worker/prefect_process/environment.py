"""What Prefect's engine finds in its environment: the variables that its own process worker sets."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from orchestrator.sdk.api.transport import CLAIM_HEADER
from orchestrator.worker.claims import Claim
from orchestrator.worker.ending import RUN_VARIABLE
from orchestrator.worker.process_tree import ATTEMPT_VARIABLE, attempt_of

_HEADERS = "PREFECT_CLIENT_CUSTOM_HEADERS"
_KEPT_BACK = frozenset({"ORCHESTRATOR_BROKER_URL"})  # the worker's own: the run has no business with it


def engine_environment(
    claim: Claim, *, api_url: str, worker_name: str, given: Mapping[str, Any], environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The worker's environment, what tells the engine its run and its server, and on top what the run was `given`.

    The claim goes along with everything that the engine says to the API, so an engine whose run was given to somebody
    else is told to stop. A given value of None removes a variable.
    """
    flow_run, deployment = claim.flow_run, claim.deployment or {}
    told: dict[str, Any] = {
        "PREFECT_API_URL": api_url,
        "PREFECT_API_KEY": environ.get("PREFECT_API_KEY") or environ.get("ORCHESTRATOR_API_KEY") or None,
        "PREFECT_API_AUTH_STRING": environ.get("PREFECT_API_AUTH_STRING")
        or environ.get("ORCHESTRATOR_API_AUTH_STRING")
        or None,
        "PREFECT__FLOW_RUN_ID": flow_run["id"],
        "PREFECT__FLOW_ID": claim.flow.get("id"),
        "PREFECT__FLOW_NAME": claim.flow.get("name"),
        "PREFECT__DEPLOYMENT_ID": deployment.get("id"),
        "PREFECT__DEPLOYMENT_NAME": deployment.get("name"),
        "PREFECT__WORKER_NAME": worker_name,
    }
    environment: dict[str, Any] = {name: value for name, value in environ.items() if name not in _KEPT_BACK}
    environment.update({name: value for name, value in told.items() if value is not None})
    environment.update(given)
    environment[RUN_VARIABLE] = flow_run["id"]
    environment[ATTEMPT_VARIABLE] = attempt_of(flow_run["id"], os.getpid())  # by which its processes are found
    environment[_HEADERS] = _with_claim(environment.get(_HEADERS), claim.id)
    return {name: str(value) for name, value in environment.items() if value is not None}


def _with_claim(headers: Any, claim_id: str) -> str:
    try:
        known = json.loads(headers) if headers else {}
    except ValueError:
        known = {}
    return json.dumps({**(known if isinstance(known, dict) else {}), CLAIM_HEADER: claim_id})
