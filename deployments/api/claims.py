"""How our own workers take runs, keep them and give them back. An addition to the contract."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework.request import Request

from deployments.api import claim_shapes as shapes
from deployments.api.answers import deployment_columns
from deployments.api.claim_bodies import ClaimCreate, ClaimRelease, HeldClaims, LostRun
from deployments.services.claims import claim_from_pool, give_back
from deployments.services.job_variables import defaults_of_pool
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, no_content, takes
from runs.api.answers import flow_answer, flow_run_answer
from runs.models import Claim, FlowRun
from runs.services.claims import held_claim, held_claims, renew_claim, report_lost


class Claims(ApiView):
    shares_commit = True

    @takes(ClaimCreate)
    @answers(shapes.Claim, 201)
    def post(self, request: Request, pool_name: str, body: ClaimCreate) -> JsonAnswer:
        """Take a scheduled run that is due. 409 when it cannot be taken now."""
        run, claim = claim_from_pool(
            pool_name=pool_name,
            flow_run_id=body.flow_run_id,
            worker_name=body.worker_name,
            process_id=body.process_id,
            work_queue_names=body.work_queue_names,
        )
        return JsonAnswer(_answer(run, claim), 201)


class ClaimById(ApiView):
    @answers(shapes.Claim)
    def get(self, request: Request, claim_id: UUID) -> dict[str, Any]:
        """What a worker was told when it took the run, as it is now. 410 when the claim ended."""
        claim = held_claim(claim_id=claim_id)
        return _answer(claim.flow_run, claim)


def _answer(run: FlowRun, claim: Claim) -> dict[str, Any]:
    return {
        "id": claim.pk,
        "attempt": claim.attempt,
        "max_attempts": settings.MAX_ATTEMPTS,
        "lease_seconds": settings.LEASE_SECONDS,
        "flow_run": flow_run_answer(run),
        "flow": flow_answer(run.flow),
        "deployment": _deployment(run),
    }


def _deployment(run: FlowRun) -> dict[str, Any] | None:
    """With the pool's own job variables below the deployment's, so that the worker needs to know nothing of pools."""
    deployment: Any = run.deployment if run.deployment_id else None
    if deployment is None:
        return None
    columns = deployment_columns(deployment)
    defaults = defaults_of_pool(run.work_queue.work_pool) if run.work_queue else {}
    if defaults:
        own = columns["job_variables"] or {}
        env = {**(defaults.get("env") or {}), **(own.get("env") or {})}
        columns["job_variables"] = {**defaults, **own, **({"env": env} if env else {})}
    return columns


class LostRuns(ApiView):
    @takes(LostRun)
    @answers(None, 204)
    def post(self, request: Request, pool_name: str, body: LostRun) -> JsonAnswer:
        """A worker saw the process die that executed a run."""
        report_lost(
            pool_name=pool_name,
            flow_run_id=body.flow_run_id,
            worker_name=body.worker_name,
            process_id=body.process_id,
            reason=body.reason,
            handed_back=body.handed_back,
        )
        return no_content()


class ClaimsOfWorker(ApiView):
    @takes(HeldClaims)
    @answers(list[shapes.HeldClaim])
    def post(self, request: Request, pool_name: str, body: HeldClaims) -> list[dict[str, Any]]:
        """What a worker holds, so that it sees which runs are to end although their processes hear nothing."""
        return [
            {
                "id": claim.pk,
                "flow_run_id": claim.flow_run_id,
                "process_id": claim.process_id,
                "state_type": claim.flow_run.state_type,
            }
            for claim in held_claims(pool_name=pool_name, worker_name=body.worker_name)
        ]


class RenewedClaim(ApiView):
    @answers(shapes.Renewal)
    def post(self, request: Request, claim_id: UUID) -> dict[str, Any]:
        """Hold the run for another lease. 410 when the claim ended: the holder must stop."""
        renewal = renew_claim(claim_id=claim_id)
        return {
            "lease_seconds": renewal.lease_seconds,
            "state_type": renewal.state_type,
            "state_name": renewal.state_name,
        }


class ReleasedClaim(ApiView):
    @takes(ClaimRelease)
    @answers(None, 204)
    def post(self, request: Request, claim_id: UUID, body: ClaimRelease) -> JsonAnswer:
        """Give the run back. A run that is left unfinished, or whose process died, is begun again or crashes."""
        give_back(claim_id=claim_id, reason=body.reason)
        return no_content()
