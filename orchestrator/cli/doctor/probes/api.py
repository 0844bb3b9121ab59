"""The API, as a client meets it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

PATIENCE_SECONDS = 2.0
MOST_POOLS = 50


@dataclass(frozen=True, slots=True)
class Api:
    """`trouble`: why it could not be asked. Times in seconds; `clock_ahead_seconds` is exact to one second."""

    address: str
    trouble: str | None = None
    refused: bool = False  # it answers, and does not accept the credentials
    contract_version: str | None = None
    took_seconds: float | None = None
    clock_ahead_seconds: float | None = None
    services: tuple[dict[str, Any], ...] | None = None
    pools: tuple[dict[str, Any], ...] | None = None  # each with its `workers` and `waiting`, late runs


def look_at_api(client: Client) -> Api:
    from orchestrator.sdk.errors import ApiError, OrchestratorError

    address = client.transport.address
    began, clock = time.monotonic(), time.time()
    try:
        response = client.send("GET", "/admin/version", patience_seconds=PATIENCE_SECONDS)
        took = time.monotonic() - began
        version = str(response.json())
        found = Api(
            address,
            contract_version=version,
            took_seconds=took,
            clock_ahead_seconds=_ahead(response.headers.get("date"), clock + took / 2),
        )
        services, pools = _services(client), _pools(client)
    except ApiError as error:
        return Api(address, trouble=str(error), refused=error.status in {401, 403})
    except (OrchestratorError, ValueError) as error:
        return Api(address, trouble=str(error))
    return Api(
        address,
        contract_version=found.contract_version,
        took_seconds=found.took_seconds,
        clock_ahead_seconds=found.clock_ahead_seconds,
        services=services,
        pools=pools,
    )


def _services(client: Client) -> tuple[dict[str, Any], ...] | None:
    """None where the server is of another make, or too old."""
    from orchestrator.sdk.errors import ApiError

    try:
        return tuple(client.ask("GET", "/services", patience_seconds=PATIENCE_SECONDS))
    except ApiError as error:
        if error.status != 404:
            raise
        return None


def _pools(client: Client) -> tuple[dict[str, Any], ...]:
    from urllib.parse import quote

    pools = client.ask("POST", "/work_pools/filter", {"limit": MOST_POOLS}, patience_seconds=PATIENCE_SECONDS)
    found = []
    for pool in pools:
        path = f"/work_pools/{quote(pool['name'], safe='')}/workers/filter"
        workers = client.ask("POST", path, {"limit": 200}, patience_seconds=PATIENCE_SECONDS)
        late = {"work_pools": {"name": {"any_": [pool["name"]]}}, "flow_runs": {"state": {"name": {"any_": ["Late"]}}}}
        waiting = client.ask("POST", "/flow_runs/count", late, patience_seconds=PATIENCE_SECONDS)
        found.append({**pool, "workers": workers, "waiting": waiting})
    return tuple(found)


def _ahead(date: str | None, at: float) -> float | None:
    """Seconds by which the sender's clock is ahead. The header holds whole seconds, cut off."""
    from email.utils import parsedate_to_datetime

    if not date:
        return None
    try:
        return parsedate_to_datetime(date).timestamp() + 0.5 - at
    except (TypeError, ValueError):
        return None
