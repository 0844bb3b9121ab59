"""Deployments from code: `flow.deploy(…)` and `run_deployment(…)`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from orchestrator.contract.ids import uuid7
from orchestrator.sdk.client import Client, current_client
from orchestrator.sdk.context import current_tags
from orchestrator.sdk.errors import FlowNotFound, MissingContext, WaitTimeout
from orchestrator.sdk.json_values import to_json
from orchestrator.sdk.schemas import parameter_schema
from orchestrator.sdk.states import State

if TYPE_CHECKING:
    from orchestrator.sdk.flows import Flow


def deploy(
    flow: Flow[Any, Any],
    name: str,
    *,
    work_pool_name: str = "default",
    work_queue_name: str | None = None,
    parameters: dict[str, Any] | None = None,
    tags: Iterable[str] = (),
    description: str | None = None,
    version: str | None = None,
    schedules: Sequence[dict[str, Any]] = (),
    paused: bool = False,
    job_variables: dict[str, Any] | None = None,
    entrypoint: str | None = None,
    path: str | None = None,
    enforce_parameter_schema: bool = True,
) -> str:
    """Create the deployment, or bring the one of this name up to date; returns its id.

    Workers of the pool find the code in `path`, a directory, under `entrypoint`, `relative/file.py:function`. None
    takes the file in which the flow was defined. `schedules` are objects as the API takes them, such as `{"schedule":
    {"interval": 3600.0}}`. Raises MissingContext without a server, FlowNotFound when the flow is in no file.
    """
    client = _client()
    if path is None or entrypoint is None:
        found_path, found_entrypoint = code_location(flow)
        path, entrypoint = path or found_path, entrypoint or found_entrypoint
    flow_id = client.ask("POST", "/flows/", {"name": flow.name})["id"]
    body = {
        "name": name,
        "flow_id": flow_id,
        "work_pool_name": work_pool_name,
        "parameters": to_json(parameters or {}),
        "tags": sorted(tags),
        "description": description if description is not None else flow.description,
        "version": version or flow.version,
        "schedules": [{"active": True, **each} for each in schedules],
        "paused": paused,
        "job_variables": job_variables or {},
        "path": path,
        "entrypoint": entrypoint,
        "parameter_openapi_schema": parameter_schema(flow.fn),
        "enforce_parameter_schema": enforce_parameter_schema,
    }
    if work_queue_name is not None:
        body["work_queue_name"] = work_queue_name
    return str(client.ask("POST", "/deployments/", body)["id"])


def run_deployment(
    name: str,
    parameters: dict[str, Any] | None = None,
    *,
    timeout: float | None = None,
    poll_interval: float = 0.5,
    flow_run_name: str | None = None,
    tags: Iterable[str] = (),
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """Run `flow name/deployment name` on its work pool, wait for the end and return the flow run as the API writes it.

    `timeout` is in seconds: None waits until the end, 0 does not wait. Raises WaitTimeout when it is over before the
    run is.
    """
    client = _client()
    flow_name, _, deployment_name = name.partition("/")
    deployment = client.ask("GET", f"/deployments/name/{quote(flow_name, safe='')}/{quote(deployment_name, safe='')}")
    flow_run: dict[str, Any] = client.ask(
        "POST",
        f"/deployments/{deployment['id']}/create_flow_run",
        {
            "parameters": to_json(parameters or {}),
            "name": flow_run_name,
            "tags": sorted({*tags, *current_tags.get()}),
            "idempotency_key": idempotency_key or str(uuid7()),
        },
    )
    deadline = None if timeout is None else time.monotonic() + timeout
    while timeout != 0 and not _has_ended(flow_run):
        if deadline is not None and time.monotonic() >= deadline:
            raise WaitTimeout(f"Flow run {flow_run['name']!r} did not end within {timeout} seconds; it goes on.")
        time.sleep(poll_interval)
        flow_run = client.ask("GET", f"/flow_runs/{flow_run['id']}")
    return flow_run


def code_location(flow: Flow[Any, Any]) -> tuple[str, str]:
    """Directory and entrypoint of the file that defines the flow. Raises FlowNotFound when it has no file."""
    code = getattr(flow.fn, "__code__", None)
    file = os.path.abspath(code.co_filename) if code is not None else ""
    if not os.path.isfile(file):
        raise FlowNotFound(f"Flow {flow.name!r} is in no file that a worker could read; give entrypoint and path")
    here = os.getcwd()
    directory = here if file.startswith(os.path.join(here, "")) else os.path.dirname(file)
    return directory, f"{os.path.relpath(file, directory)}:{flow.fn.__name__}"


def _has_ended(flow_run: dict[str, Any]) -> bool:
    state = flow_run.get("state")
    return state is not None and State.from_wire(state).is_terminal


def _client() -> Client:
    client = current_client()
    if client is None:
        raise MissingContext("A server is needed: set ORCHESTRATOR_API_URL, for example to http://127.0.0.1:4200/api")
    return client
