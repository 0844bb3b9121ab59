"""The actions of an automation as people may see them."""

from __future__ import annotations

from typing import Any

from deployments.models import Deployment
from orchestrator.pages.schema_forms import MASK, with_masks

Action = dict[str, Any]


def shown_actions(actions: list[Action]) -> list[Action]:
    """With stars for the parameters that the schema of their deployment calls secret. One query.

    Where the deployment is gone, or is only known once the trigger fires, nothing says what is secret: all get stars.
    """
    wanted = {str(action["deployment_id"]) for action in actions if action.get("deployment_id")}
    found = Deployment.objects.filter(pk__in=wanted).values_list("pk", "parameter_openapi_schema") if wanted else ()
    schemas = {str(pk): schema or {} for pk, schema in found}
    return [_shown(action, schemas) for action in actions]


def _shown(action: Action, schemas: dict[str, Any]) -> Action:
    parameters = action.get("parameters")
    if not parameters:
        return action
    schema = schemas.get(str(action.get("deployment_id")))
    masked = dict.fromkeys(parameters, MASK) if schema is None else with_masks(schema, parameters)
    return {**action, "parameters": masked}
