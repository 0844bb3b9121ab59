"""What somebody named on the command line: by its identifier, or by its name."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

import click

from orchestrator.cli.exits import FAILED, Ended, NotFound
from orchestrator.cli.moments import ago

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

PAGE = 200  # the most that the API gives at once
SEVERAL = 10  # so many things of one name are listed


def segment(text: str) -> str:
    """A name as one part of an address."""
    return quote(text, safe="")


def pages(client: Client, path: str, body: dict[str, Any], *, limit: int | None) -> Iterator[dict[str, Any]]:
    """What a filter finds, page by page, up to `limit`; None is everything. Nothing is given twice."""
    seen: set[str] = set()
    offset = 0
    while limit is None or offset < limit:
        size = PAGE if limit is None else min(PAGE, limit - offset)
        page = client.ask("POST", path, {**body, "limit": size, "offset": offset})
        for record in page:
            if record["id"] not in seen:
                seen.add(record["id"])
                yield record
        if len(page) < size:
            return
        offset += size


def identifier(text: str) -> str | None:
    """The text as an identifier of the API; None when it is none."""
    try:
        return str(UUID(text))
    except ValueError:
        return None


def get_or_none(client: Client, path: str) -> dict[str, Any] | None:
    """What stands at an address of the API; None when nothing does."""
    from orchestrator.sdk.errors import ApiError

    try:
        found: dict[str, Any] = client.ask("GET", path)
    except ApiError as error:
        if error.status != 404:
            raise
        return None
    return found


def find_flow(client: Client, text: str) -> dict[str, Any]:
    """The flow of this name or identifier. Raises NotFound."""
    found = get_or_none(client, f"/flows/{identifier(text) or f'name/{segment(text)}'}")
    if found is None:
        raise NotFound(f"There is no flow {text!r}.{_nearly(text, _names(client, '/flows/filter'))}")
    return found


def find_deployment(client: Client, text: str) -> dict[str, Any]:
    """The deployment of this identifier, of this `flow/deployment`, or the only one of this name. Raises NotFound."""
    if (deployment_id := identifier(text)) is not None:
        found = get_or_none(client, f"/deployments/{deployment_id}")
    elif "/" in text:
        flow, _, name = text.partition("/")
        found = get_or_none(client, f"/deployments/name/{segment(flow)}/{segment(name)}")
    else:
        found = _only_deployment(client, text)
    if found is None:
        known = [
            f"{each['flow_name']}/{each['name']}" for each in with_flow_names(client, _some(client, "deployments"))
        ]
        raise NotFound(f"There is no deployment {text!r}.{_nearly(text, known)}")
    return found


def find_flow_run(client: Client, text: str) -> dict[str, Any]:
    """The flow run of this identifier, or the only one of this name. Raises NotFound, or Ended with those there are."""
    if (run_id := identifier(text)) is not None:
        found = get_or_none(client, f"/flow_runs/{run_id}")
        if found is None:
            raise NotFound(f"There is no flow run {text}.")
        return found
    runs = client.ask(
        "POST",
        "/flow_runs/filter",
        {"flow_runs": {"name": {"any_": [text]}}, "sort": "ID_DESC", "limit": SEVERAL + 1},
    )
    if not runs:
        raise NotFound(f"There is no flow run {text!r}.")
    if len(runs) == 1:
        only: dict[str, Any] = runs[0]
        return only
    lines = [f"  {run['id']}  {run['state_name']}, made {ago(run['created'])}" for run in runs[:SEVERAL]]
    more = ["  …"] if len(runs) > SEVERAL else []
    raise Ended("\n".join([f"Several flow runs are called {text!r}; name one by its id:", *lines, *more]), code=FAILED)


def with_flow_names(client: Client, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records, each with the name of its flow as `flow_name`."""
    names = names_of(client, "flows", (record["flow_id"] for record in records))
    return [{**record, "flow_name": names.get(record["flow_id"], "")} for record in records]


def names_of(client: Client, kind: str, ids: Any) -> dict[str, str]:
    """Identifier -> name. `kind` is what the API calls them, `flows` or `deployments` or `flow_runs`."""
    wanted = sorted({each for each in ids if each})
    names: dict[str, str] = {}
    for start in range(0, len(wanted), PAGE):
        body = {kind: {"id": {"any_": wanted[start : start + PAGE]}}, "limit": PAGE}
        names |= {each["id"]: each["name"] for each in client.ask("POST", f"/{kind}/filter", body)}
    return names


def not_found(what: str, name: str, known: list[str], listing: str) -> NotFound:
    """Nothing of this name: with the nearest of those that are known, or the command that lists them."""
    near = _nearly(name, known)
    return NotFound(f"There is no {what} {name!r}.{near or f' See them with: orchestrator {listing}'}")


def _only_deployment(client: Client, name: str) -> dict[str, Any] | None:
    body = {"deployments": {"name": {"any_": [name]}}, "limit": SEVERAL}
    found = with_flow_names(client, client.ask("POST", "/deployments/filter", body))
    if len(found) > 1:
        told = ", ".join(f"{each['flow_name']}/{each['name']}" for each in found)
        raise click.UsageError(f"Several deployments are called {name!r}: {told}. Name one by flow and deployment.")
    return found[0] if found else None


def _names(client: Client, path: str) -> list[str]:
    return [each["name"] for each in client.ask("POST", path, {"limit": PAGE})]


def _some(client: Client, kind: str) -> list[dict[str, Any]]:
    return list(client.ask("POST", f"/{kind}/filter", {"limit": PAGE}))


def _nearly(text: str, known: list[str]) -> str:
    near = get_close_matches(text, known, n=2, cutoff=0.6)
    return f" Did you mean {' or '.join(repr(each) for each in near)}?" if near else ""
