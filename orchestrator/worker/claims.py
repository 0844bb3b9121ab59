"""Taking runs and keeping them: the worker's side of the claims API."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.transport import CLAIM_HEADER
from orchestrator.sdk.errors import ApiError

CLAIM_PATIENCE_SECONDS = 20.0  # less than a wake-up lives: after that the sweeper's next one is the better chance
RELEASE_PATIENCE_SECONDS = 90.0
REPORT_PATIENCE_SECONDS = 90.0


class ClaimRefused(Exception):
    """The run is not to be had: somebody else took it, it is not due, or it is gone."""


class ClaimGone(Exception):
    """The claim is no longer ours; the run belongs to somebody else or has ended."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to execute one run, for as long as it is renewed."""

    id: str
    attempt: int
    max_attempts: int
    lease_seconds: float
    flow_run: dict[str, Any]
    flow: dict[str, Any]
    deployment: dict[str, Any] | None

    @property
    def job_variables(self) -> dict[str, Any]:
        """The deployment's, overlaid with the run's; `env` is overlaid name by name."""
        return effective_variables(self.deployment or {}, self.flow_run)


@dataclass(frozen=True, slots=True)
class Renewal:
    """What the server said when the lease was renewed."""

    lease_seconds: float
    state_type: str
    state_name: str


def effective_variables(deployment: dict[str, Any], flow_run: dict[str, Any]) -> dict[str, Any]:
    """The job variables of a deployment, overlaid with the run's; `env` is overlaid name by name."""
    deployed = deployment.get("job_variables") or {}
    own = flow_run.get("job_variables") or {}
    env = {**(deployed.get("env") or {}), **(own.get("env") or {})}
    return {**deployed, **own, "env": env}


def claim_run(
    client: Client, *, pool: str, flow_run_id: str, worker_name: str, work_queues: Sequence[str] = ()
) -> Claim:
    """Take a run, of one of these work queues unless none is named.

    Raises ClaimRefused when it is not to be had, ServerUnreachable when nobody answers for a while.
    """
    body: dict[str, Any] = {"flow_run_id": flow_run_id, "worker_name": worker_name, "process_id": os.getpid()}
    if work_queues:
        body["work_queue_names"] = list(work_queues)
    try:
        answer = client.ask(
            "POST", f"/work_pools/{quote(pool, safe='')}/claims", body, patience_seconds=CLAIM_PATIENCE_SECONDS
        )
    except ApiError as error:
        if error.status in {404, 409, 422}:
            raise ClaimRefused(str(error)) from error
        raise
    return _claim(answer)


def read_claim(client: Client, claim_id: str) -> Claim:
    """A claim as the server knows it now. Raises ClaimGone when it ended, ServerUnreachable when nobody answers."""
    try:
        return _claim(client.ask("GET", f"/claims/{claim_id}", patience_seconds=0))
    except ApiError as error:
        if error.status in {404, 410}:
            raise ClaimGone(str(error)) from error
        raise


def _claim(answer: dict[str, Any]) -> Claim:
    return Claim(**{name: answer[name] for name in Claim.__dataclass_fields__})


def renew_claim(client: Client, claim_id: str, *, patience_seconds: float = 0.0) -> Renewal:
    """Lengthen the lease. Raises ClaimGone when it is lost, ServerUnreachable when nobody answers."""
    try:
        answer = client.ask("POST", f"/claims/{claim_id}/renew", {}, patience_seconds=patience_seconds)
    except ApiError as error:
        if error.status in {404, 410}:
            raise ClaimGone(str(error)) from error
        raise
    return Renewal(answer["lease_seconds"], answer["state_type"], answer["state_name"])


def release_claim(
    client: Client,
    claim_id: str,
    *,
    reason: str | None = None,
    patience_seconds: float = RELEASE_PATIENCE_SECONDS,
) -> None:
    """Give the claim up. If the run has not ended, somebody else may take it at once; `reason` says why."""
    client.send("POST", f"/claims/{claim_id}/release", {"reason": reason}, patience_seconds=patience_seconds)


def report_lost_run(
    client: Client,
    *,
    pool: str,
    flow_run_id: str,
    worker_name: str,
    process_id: int,
    reason: str,
    handed_back: bool = False,
) -> None:
    """Tell that this process, which claimed the run, is dead. A claim that another one took since stays.

    `handed_back`: it was ended because the worker was told to stop, which is no attempt that failed.
    """
    body = {"flow_run_id": flow_run_id, "worker_name": worker_name, "process_id": process_id, "reason": reason}
    client.send(
        "POST",
        f"/work_pools/{quote(pool, safe='')}/claims/lost",
        {**body, "handed_back": handed_back},
        patience_seconds=REPORT_PATIENCE_SECONDS,
    )


def claim_of_process(client: Client, *, pool: str, worker_name: str, flow_run_id: str, process_id: int) -> str | None:
    """The claim under which this process of this worker executes the run; None when it does not."""
    held = client.ask(
        "POST",
        f"/work_pools/{quote(pool, safe='')}/claims/held",
        {"worker_name": worker_name},
        patience_seconds=REPORT_PATIENCE_SECONDS,
    )
    mine = (claim for claim in held if (claim["flow_run_id"], claim["process_id"]) == (flow_run_id, process_id))
    return next((claim["id"] for claim in mine), None)


def crash_run(client: Client, *, flow_run_id: str, claim_id: str, name: str, message: str) -> None:
    """End a run whose process was killed on purpose."""
    state = {"type": "CRASHED", "name": name, "message": message}
    client.send(
        "POST",
        f"/flow_runs/{flow_run_id}/set_state",
        {"state": state, "force": True},
        headers={CLAIM_HEADER: claim_id},
        patience_seconds=REPORT_PATIENCE_SECONDS,
    )
