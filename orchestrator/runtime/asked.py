"""Rows that the server is asked for once per run: what the process itself does not know about a run."""

from __future__ import annotations

import os
from typing import Any

from orchestrator.sdk.api.run_client import client_of_run
from orchestrator.sdk.context import current_flow_run, current_task_run
from orchestrator.sdk.errors import OrchestratorError

_KEPT = 256
_rows: dict[tuple[int, str], dict[str, Any]] = {}


def current_flow_run_id() -> str | None:
    """The run that executes; in a program that a run started, the one that started it. None while it is only being
    named."""
    run = current_flow_run.get()
    if run is not None:
        return run.id or None
    return None if current_task_run.get() is not None else os.environ.get("ORCHESTRATOR_FLOW_RUN_ID") or None


def row(path: str) -> dict[str, Any]:
    """The row at this path of the API; empty without a server, and when it does not answer or know it."""
    asked = client_of_run()
    if asked is None:
        return {}
    key = (id(asked), path)
    if key not in _rows:
        try:
            found = asked.ask("GET", path)
        except OrchestratorError:
            return {}
        while len(_rows) >= _KEPT:
            _rows.pop(next(iter(_rows)), None)
        _rows[key] = found
    return _rows[key]


def flow_run_row(run_id: str | None) -> dict[str, Any]:
    return row(f"/flow_runs/{run_id}") if run_id else {}


def page(kind: str, run_id: str | None) -> str | None:
    """The page of a run."""
    asked = client_of_run()
    return f"{asked.ui_url}/runs/{kind}/{run_id}" if asked is not None and asked.ui_url and run_id else None


def address(collection: str, run_id: str | None) -> str | None:
    """Where the API has a run."""
    from orchestrator.sdk.configuration import settings

    url = settings.api_url()
    return f"{url}/{collection}/{run_id}" if url and run_id else None
