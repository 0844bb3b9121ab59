"""What the form of a custom run begins with: the defaults, or the parameters of a run that was there before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models.functions import Coalesce

from deployments.models import Deployment
from orchestrator.contract.states import StateType
from orchestrator.pages.identifiers import whole_identifier
from runs.models import FlowRun

DEFAULTS, LAST, SUCCESS = "defaults", "last", "success"
WORDS = {DEFAULTS: "Defaults", LAST: "Last run", SUCCESS: "Last success"}


@dataclass(frozen=True, slots=True)
class Prefill:
    """`key` is what the address calls it; `run` is None for the defaults, and when there is no such run."""

    key: str
    run: FlowRun | None = None
    missing: str = ""  # what was asked for in vain

    @property
    def parameters(self) -> dict[str, Any]:
        return dict(self.run.parameters) if self.run is not None else {}

    def further_tags(self, deployment: Deployment) -> list[str]:
        """Those that the deployment does not give its runs anyway."""
        return [tag for tag in self.run.tags if tag not in deployment.tags] if self.run is not None else []

    @property
    def job_variables(self) -> dict[str, Any]:
        return dict(self.run.job_variables or {}) if self.run is not None else {}


def prefill_of(deployment: Deployment, wanted: str) -> Prefill:
    """One query at most. A run of another deployment of the same flow will do too: it takes the same parameters."""
    if wanted in ("", DEFAULTS):
        return Prefill(DEFAULTS)
    runs = FlowRun.objects.filter(deployment=deployment.pk)
    newest = Coalesce("start_time", "expected_start_time").desc()
    if wanted == LAST:
        run = runs.filter(start_time__isnull=False).order_by(newest).first()
        return Prefill(LAST, run, "" if run else "This deployment has not run yet.")
    if wanted == SUCCESS:
        run = runs.filter(state_type=StateType.COMPLETED).order_by(newest).first()
        return Prefill(SUCCESS, run, "" if run else "No run of this deployment has completed yet.")
    run = (
        FlowRun.objects.filter(pk=identifier, flow=deployment.flow_id).first()
        if (identifier := whole_identifier(wanted))
        else None
    )
    return Prefill(wanted, run) if run else Prefill(DEFAULTS, None, "There is no such run of this flow.")
