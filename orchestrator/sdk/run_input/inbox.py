"""The inputs of a flow run on the server: JSON texts, each under a key that is used once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import ApiError
from orchestrator.sdk.values.json_values import encode

Keyset = dict[str, str]


def keyset(base: str) -> Keyset:
    """The keys of one question: what may be answered, a text for who answers, and the answer."""
    return {name: f"{base}-{name}" for name in ("description", "response", "schema")}


def give_input(
    client: Client, flow_run_id: str, *, key: str, value: Any, sender: str | None = None, replace: bool = False
) -> None:
    """Store the value as JSON under the key. `replace` overwrites what is there; without it, what is there stays."""
    body = {"key": key, "value": encode(value).decode(), "sender": sender}
    try:
        client.send("POST", f"/flow_runs/{flow_run_id}/input", body)
    except ApiError as error:
        if error.status != 409:
            raise
        if replace:
            delete_input(client, flow_run_id, key)
            client.send("POST", f"/flow_runs/{flow_run_id}/input", body)


def read_input(client: Client, flow_run_id: str, key: str) -> Any:
    """The value under the key, None when there is none."""
    try:
        return client.ask("GET", _path(flow_run_id, key))
    except ApiError as error:
        if error.status != 404:
            raise
        return None


def delete_input(client: Client, flow_run_id: str, key: str) -> None:
    """Delete what is under the key, if there is anything."""
    try:
        client.send("DELETE", _path(flow_run_id, key))
    except ApiError as error:
        if error.status != 404:
            raise


def find_inputs(
    client: Client, flow_run_id: str, *, prefix: str, exclude_keys: Iterable[str] = (), limit: int = 1
) -> list[dict[str, Any]]:
    """Those whose keys begin with the prefix, the oldest first, as the API writes them."""
    body = {"prefix": prefix, "exclude_keys": sorted(exclude_keys), "limit": limit}
    return list(client.ask("POST", f"/flow_runs/{flow_run_id}/input/filter", body))


def _path(flow_run_id: str, key: str) -> str:
    return f"/flow_runs/{flow_run_id}/input/{quote(key, safe='')}"
