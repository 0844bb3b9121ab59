"""Which parameters a deployment and its runs accept."""

from __future__ import annotations

from typing import Any

from deployments.errors import InvalidParameters
from deployments.models import Deployment
from deployments.services.value_checks import misfit


def check_parameters(deployment: Deployment, parameters: dict[str, Any], *, partial: bool = False) -> None:
    """Hold them against the deployment's schema. `partial`: what is required may still come with the run.

    Raises InvalidParameters, and BadSchema when the schema itself cannot be used.
    """
    schema = deployment.parameter_openapi_schema
    if not isinstance(schema, dict):
        raise InvalidParameters(
            "Parameters cannot be checked: enforcement is on, and the deployment has no valid parameter schema."
        )
    problem = misfit(parameters, schema, partial=partial)
    if problem is not None:
        doing = "updating deployment" if partial else "creating flow run"
        raise InvalidParameters(f"Error {doing}: {problem}")
