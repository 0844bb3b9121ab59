"""The task run that executes: `task_run.id`, `.name`, `.task_name`, `.parameters`, `.tags`, `.run_count`.

`run_count` is 1 in the first execution and one more in every retry; 0 outside of task runs.
"""

from __future__ import annotations

from typing import Any

from orchestrator.runtime.asked import address, page
from orchestrator.runtime.fields import Field, listing, lookup, mapping, words
from orchestrator.sdk.context import current_task_run
from orchestrator.sdk.dependencies.inputs import resolve


def _id() -> str | None:
    run = current_task_run.get()
    return run.id if run is not None else None


def _name() -> str | None:
    run = current_task_run.get()
    return run.name if run is not None else None


def _task_name() -> str | None:
    run = current_task_run.get()
    return run.task.name if run is not None else None


def _tags() -> list[str]:
    run = current_task_run.get()
    return list(run.tags) if run is not None else []


def _run_count() -> int:
    run = current_task_run.get()
    return run.run_count if run is not None else 0


def _parameters() -> dict[str, Any]:
    run = current_task_run.get()
    return dict(resolve(run.parameters)) if run is not None else {}


FIELDS = {
    "id": Field(_id, str),
    "name": Field(_name, str),
    "task_name": Field(_task_name, str),
    "tags": Field(_tags, words),
    "parameters": Field(_parameters, mapping),
    "run_count": Field(_run_count, int),
    "api_url": Field(lambda: address("task_runs", _id()), str),
    "ui_url": Field(lambda: page("task-run", _id()), str),
}

__all__ = list(FIELDS)
__getattr__ = lookup(__name__, FIELDS)
__dir__ = listing(FIELDS)
