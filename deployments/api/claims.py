"""How our own workers take runs, keep them and give them back. An addition to the contract."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.api import claim_shapes as shapes
from deployments.api.answers import deployment_columns
from deployments.api.claim_bodies import ClaimCreate, ClaimRelease, LostRun
from deployments.services.claims import claim_from_pool
from orchestrator.rest.views import ApiView, answers, no_content, takes
from runs.api.answers import flow_answer, flow_run_answer
from runs.services.claims import release_claim, renew_claim, report_lost


class Claims(ApiView):
    @takes(ClaimCreate)
    @answers(shapes.Claim, 201)
    def post(self, request: Request, pool_name: str, body: ClaimCreate) -> Response:
        """Take a scheduled run that is due. 409 when it cannot be taken now."""
        run, claim = claim_from_pool(
            pool_name=pool_name,
            flow_run_id=body.flow_run_id,
            worker_name=body.worker_name,
            process_id=body.process_id,
        )
        answer = {
            "id": claim.pk,
            "attempt": claim.attempt,
            "max_attempts": settings.MAX_ATTEMPTS,
            "lease_seconds": settings.LEASE_SECONDS,
            "flow_run": flow_run_answer(run),
            "flow": flow_answer(run.flow),
            "deployment": deployment_columns(run.deployment) if run.deployment_id and run.deployment else None,
        }
        return Response(answer, 201)


class LostRuns(ApiView):
    @takes(LostRun)
    @answers(None, 204)
    def post(self, request: Request, pool_name: str, body: LostRun) -> Response:
        """A worker saw the process die that executed a run."""
        report_lost(
            flow_run_id=body.flow_run_id,
            worker_name=body.worker_name,
            process_id=body.process_id,
            reason=body.reason,
        )
        return no_content()


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
    def post(self, request: Request, claim_id: UUID, body: ClaimRelease) -> Response:
        """Give the run back. A run that is left unfinished, or whose process died, is begun again or crashes."""
        release_claim(claim_id=claim_id, reason=body.reason)
        return no_content()
