"""Rows that the server is asked for once per run: what the process itself does not know about a run."""

from __future__ import annotations

import os
import threading
from typing import Any
from weakref import WeakKeyDictionary

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.run_client import client_of_run
from orchestrator.sdk.context import current_flow_run, current_task_run
from orchestrator.sdk.errors import OrchestratorError

_KEPT = 256  # rows of each server
_rows: WeakKeyDictionary[Client, dict[str, dict[str, Any]]] = WeakKeyDictionary()
_lock = threading.Lock()


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
    with _lock:
        known = _rows.get(asked, {}).get(path)
    if known is not None:
        return known
    try:
        found: dict[str, Any] = asked.ask("GET", path)
    except OrchestratorError:
        return {}
    with _lock:
        rows = _rows.setdefault(asked, {})
        while len(rows) >= _KEPT:
            del rows[next(iter(rows))]
        return rows.setdefault(path, found)  # the first answer, if another thread asked too


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
