"""The flow run that executes: `flow_run.id`, `.name`, `.parameters`, `.tags`, and what else `dir(flow_run)` says.

`scheduled_start_time` is an aware time; `run_count` counts executions, 0 outside of runs; ids are texts.
`job_variables` are those of this run, without its deployment's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from orchestrator.contract.times import parse_time
from orchestrator.runtime.asked import address, current_flow_run_id, flow_run_row, page, row
from orchestrator.runtime.fields import Field, listing, lookup, mapping, moment, words
from orchestrator.sdk.context import current_flow_run
from orchestrator.sdk.dependencies.inputs import resolve


def _known(attribute: str, column: str, *, empty: Any = None) -> Callable[[], Any]:
    """From the run of this process, else from the server's row of the run that started this process."""

    def read() -> Any:
        run = current_flow_run.get()
        if run is not None:
            value: Any = run
            for name in attribute.split("."):
                value = getattr(value, name)
        else:
            value = flow_run_row(current_flow_run_id()).get(column)
        if value is None or value == "":  # a run that is only being named has neither name nor id
            return empty
        return list(value) if isinstance(value, (tuple, set, frozenset)) else value

    return read


def _parameters() -> dict[str, Any]:
    run = current_flow_run.get()
    if run is not None:
        return dict(resolve(run.parameters))
    return dict(flow_run_row(current_flow_run_id()).get("parameters") or {})


def _flow_name() -> str | None:
    run = current_flow_run.get()
    if run is not None:
        return run.flow.name
    flow_id = flow_run_row(current_flow_run_id()).get("flow_id")
    return row(f"/flows/{flow_id}").get("name") if flow_id else None


def _scheduled_start_time() -> datetime | None:
    run = current_flow_run.get()
    if run is not None:
        return run.expected_start_time
    told = flow_run_row(current_flow_run_id()).get("expected_start_time")
    return parse_time(told) if told else None


def _parent_flow_run_id() -> str | None:
    run = current_flow_run.get()
    if run is not None and run.parent is not None:
        return run.parent.id
    return _parent_of(current_flow_run_id())


def _parent_of(run_id: str | None) -> str | None:
    run = current_flow_run.get()
    if run is not None and run.id == run_id and run.tracking_id is None:
        return None  # without looking: this run knows that nothing stands for it elsewhere
    tracking_id = flow_run_row(run_id).get("parent_task_run_id")
    found = row(f"/task_runs/{tracking_id}").get("flow_run_id") if tracking_id else None
    return str(found) if found else None


def _root_flow_run_id() -> str | None:
    run = current_flow_run.get()
    while run is not None and run.parent is not None:
        run = run.parent
    found = run.id if run is not None else current_flow_run_id()
    seen: set[str | None] = set()
    while found not in seen:
        seen.add(found)
        known = run is not None and run.id == found and run.tracking_id is None
        found = found if known else _parent_of(found) or found
    return found


def _parent_deployment_id() -> str | None:
    parent = _parent_flow_run_id()
    run = current_flow_run.get()
    if run is not None and run.parent is not None:
        return run.parent.deployment_id
    found = flow_run_row(parent).get("deployment_id")
    return str(found) if found else None


def _job_variables() -> dict[str, Any]:
    return dict(flow_run_row(current_flow_run_id()).get("job_variables") or {})


FIELDS = {
    "id": Field(current_flow_run_id, str),
    "name": Field(_known("name", "name"), str),
    "tags": Field(_known("tags", "tags", empty=[]), words),
    "parameters": Field(_parameters, mapping),
    "run_count": Field(_known("run_count", "run_count", empty=0), int),
    "flow_name": Field(_flow_name, str),
    "flow_version": Field(_known("flow.version", "flow_version"), str),
    "scheduled_start_time": Field(_scheduled_start_time, moment),
    "parent_flow_run_id": Field(_parent_flow_run_id, str),
    "parent_deployment_id": Field(_parent_deployment_id, str),
    "root_flow_run_id": Field(_root_flow_run_id, str),
    "job_variables": Field(_job_variables, mapping),
    "api_url": Field(lambda: address("flow_runs", current_flow_run_id()), str),
    "ui_url": Field(lambda: page("flow-run", current_flow_run_id()), str),
}

__all__ = list(FIELDS)
__getattr__ = lookup(__name__, FIELDS)
__dir__ = listing(FIELDS)
