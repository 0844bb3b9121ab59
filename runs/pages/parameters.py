"""The parameters of a run as pages show them."""

from __future__ import annotations

from typing import Any

from orchestrator.pages.schema_forms import with_masks
from runs.models import FlowRun


def shown_parameters(run: FlowRun) -> dict[str, Any]:
    """With stars for what the schema of the deployment calls secret. Without a deployment nothing says what is."""
    return with_masks(run.deployment.parameter_openapi_schema, run.parameters) if run.deployment else run.parameters
