"""Which job variables a work pool's template accepts.

A pool gives defaults, the deployment overlays them, and the run overlays both.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from deployments.errors import BlockOfTemplateNotFound, InvalidJobVariables
from deployments.models import Deployment, WorkPool
from deployments.services.value_checks import check_schema, misfit, plain_misfit
from orchestrator.store.services.block_contents import full_document
from orchestrator.store.services.block_documents import find_block_document
from orchestrator.store.services.own_workers import template_of_pool
from runs.models import FlowRun


def check_variables_of_run(pool: WorkPool, *variables: dict[str, Any] | None) -> None:
    """With every required one, unless defaults of the pool are unusable. Raises InvalidJobVariables and BadSchema."""
    _check(_template(pool), variables, whole=True, doing="Error creating flow run")


def check_changed_variables_of_run(run: FlowRun, variables: dict[str, Any]) -> None:
    """The same for a run that is there already, over its deployment's. Raises InvalidJobVariables and BadSchema."""
    if run.deployment_id is None:
        return
    deployment = Deployment.objects.select_related("work_queue__work_pool").filter(pk=run.deployment_id).first()
    if deployment is not None and deployment.work_queue is not None:
        template = _template(deployment.work_queue.work_pool)
        _check(template, (deployment.job_variables, variables), whole=True, doing="Error updating flow run")


def check_variables_of_deployment(pool: WorkPool, variables: dict[str, Any] | None) -> None:
    """What is required may still come with the run. Raises InvalidJobVariables and BadSchema."""
    if variables:
        _check(_template(pool), (variables,), whole=False, doing="Error creating deployment")


def misfit_of_changed_variables(pool: WorkPool, variables: dict[str, Any] | None) -> str | None:
    """Why the new job variables of a deployment do not fit by themselves. Raises BadSchema."""
    schema = _template(pool).get("variables")
    return plain_misfit(variables, schema) if schema and variables is not None else None


def check_defaults(template: dict[str, Any]) -> None:
    """Raises InvalidJobVariables, BadSchema, and BlockOfTemplateNotFound for a default that is a missing block."""
    schema = template.get("variables")
    if schema:
        check_schema(schema)
        defaults, _ = _defaults(schema, usable_only=False)
        problem = misfit(defaults, schema, partial=True, null_for_default=True)
        if problem is not None:
            raise InvalidJobVariables(f"Validation failed for work pool's job variable defaults: {problem}")


def defaults_of_pool(pool: WorkPool) -> dict[str, Any]:
    """What the pool's template says of job variables that neither a deployment nor its run sets."""
    schema = pool.base_job_template.get("variables") or {}
    described = (schema.get("properties") or {}).values()
    if not any(isinstance(each, dict) and "default" in each for each in described):
        return {}
    return _defaults(schema, usable_only=True)[0]


def _template(pool: WorkPool) -> dict[str, Any]:
    return template_of_pool(pool.type, pool.base_job_template)


def _check(template: dict[str, Any], overlays: Any, *, whole: bool, doing: str) -> None:
    schema = template.get("variables")
    if not schema:
        return
    check_schema(schema)
    values, left_out = _defaults(schema, usable_only=True)
    for overlay in overlays:
        values.update(overlay or {})
    problem = misfit(values, schema, partial=not whole or left_out, null_for_default=True)
    if problem is not None:
        raise InvalidJobVariables(f"{doing}: {problem}")


def _defaults(schema: dict[str, Any], *, usable_only: bool) -> tuple[dict[str, Any], bool]:
    """The template's defaults, with blocks in the place of references; and whether unusable ones were left out."""
    found: dict[str, Any] = {}
    left_out = False
    for name, described in (schema.get("properties") or {}).items():
        if not isinstance(described, dict) or "default" not in described:
            continue
        value = described["default"]
        if isinstance(value, dict) and "$ref" in value:
            value = _block(value["$ref"])
            if value is None:
                continue
        if usable_only and misfit({name: value}, {"type": "object", **schema}, partial=True) is not None:
            left_out = True
            continue
        found[name] = value
    return found, left_out


def _block(reference: Any) -> Any:
    """The data of the block that is referred to; None when the reference names none."""
    identifier = reference.get("block_document_id") if isinstance(reference, dict) else None
    if identifier is None:
        return None
    try:
        document = find_block_document(UUID(str(identifier)))
    except ValueError:
        document = None
    if document is None:
        raise BlockOfTemplateNotFound("Block not found.")
    return full_document(document).data
