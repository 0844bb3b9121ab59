"""The deployment whose run executes: `deployment.id`, `.name`, `.version`, `.parameters`, `.flow_run_id`.

`parameters` are all that the run was given, defaults of the deployment included. Inside a subflow it is the deployment
of the enclosing run. All but `flow_run_id` are None or empty when no deployment made the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.runtime.asked import current_flow_run_id, flow_run_row, row
from orchestrator.runtime.fields import Field, listing, lookup, mapping
from orchestrator.sdk.context import current_flow_run

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow_run import FlowRun


def _made_by_deployment() -> FlowRun | None:
    """The run of this process that a deployment made: this one, or one that encloses it."""
    run = current_flow_run.get()
    while run is not None and run.deployment_id is None:
        run = run.parent
    return run


def _flow_run_id() -> str | None:
    run = _made_by_deployment()
    return run.id if run is not None else current_flow_run_id()


def _id() -> str | None:
    run = _made_by_deployment()
    if run is not None:
        return run.deployment_id
    if current_flow_run.get() is not None:
        return None
    found = flow_run_row(current_flow_run_id()).get("deployment_id")
    return str(found) if found else None


def _column(name: str) -> Any:
    deployment_id = _id()
    return row(f"/deployments/{deployment_id}").get(name) if deployment_id else None


def _parameters() -> dict[str, Any]:
    if _id() is None:
        return {}
    return dict(flow_run_row(_flow_run_id()).get("parameters") or {})


FIELDS = {
    "id": Field(_id, str),
    "name": Field(lambda: _column("name"), str),
    "version": Field(lambda: _column("version"), str),
    "parameters": Field(_parameters, mapping),
    "flow_run_id": Field(_flow_run_id, str),
}

__all__ = list(FIELDS)
__getattr__ = lookup(__name__, FIELDS)
__dir__ = listing(FIELDS)
