"""`orchestrator flow …`"""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.connecting import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.moments import ago, local
from orchestrator.cli.output import Column, confirm, output_option, show_json, show_list, show_one, yes_option

COLUMNS = [
    Column("Name", lambda flow: flow["name"]),
    Column("Tags", lambda flow: flow.get("tags"), optional=True),
    Column("Made", lambda flow: ago(flow.get("created"))),
    Column("Id", lambda flow: flow["id"], whole=True),
]


@click.group("flow", cls=LazyGroup)
def flows() -> None:
    """List, inspect and delete flows. A FLOW is named by its name or its id."""


@flows.command()
@click.option("--name", help="Those with this in their name.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="The most to list.")
@output_option
@clear_errors
def ls(name: str | None, limit: int, output: str) -> None:
    """List flows, the newest first."""
    from orchestrator.cli.finding import pages

    body: dict[str, Any] = {"sort": "CREATED_DESC"}
    if name:
        body["flows"] = {"name": {"like_": name}}
    found = list(pages(connected(), "/flows/filter", body, limit=limit))
    show_list(
        found,
        COLUMNS,
        output=output,
        nothing="There are no such flows: a flow is known once it has run, or is deployed.",
        note=f"The first {limit}; more with --limit." if len(found) == limit else None,
    )


@flows.command()
@click.argument("flow")
@output_option
@clear_errors
def inspect(flow: str, output: str) -> None:
    """Show a flow, its deployments and how its runs ended."""
    from orchestrator.cli.finding import find_flow

    client = connected()
    found = find_flow(client, flow)
    if output == "json":
        show_json(found)
        return
    of_it = {"flows": {"id": {"any_": [found["id"]]}}}
    deployments = client.ask("POST", "/deployments/filter", {**of_it, "sort": "NAME_ASC", "limit": 50})
    counts = {
        state: client.ask("POST", "/flow_runs/count", {**of_it, "flow_runs": {"state": {"type": {"any_": [state]}}}})
        for state in ("RUNNING", "COMPLETED", "FAILED", "CRASHED", "CANCELLED")
    }
    show_one(
        found,
        [
            ("Name", found["name"]),
            ("Id", found["id"]),
            ("Tags", found.get("tags")),
            ("Made", local(found.get("created"))),
            ("Deployments", "\n".join(f"{found['name']}/{each['name']}" for each in deployments)),
            ("Runs", ", ".join(f"{count} {state.lower()}" for state, count in counts.items() if count) or "none yet"),
        ],
        output=output,
    )


@flows.command()
@click.argument("flow")
@yes_option
@clear_errors
def delete(flow: str, yes: bool) -> None:
    """Delete a flow with its deployments and all its runs."""
    from orchestrator.cli.finding import find_flow

    client = connected()
    found = find_flow(client, flow)
    of_it = {"flows": {"id": {"any_": [found["id"]]}}}
    deployments = client.ask("POST", "/deployments/count", of_it)
    runs = client.ask("POST", "/flow_runs/count", of_it)
    confirm(f"Delete flow {found['name']!r} with {deployments} deployments and {runs} runs?", yes=yes)
    client.send("DELETE", f"/flows/{found['id']}")
    click.echo(f"Deleted flow {found['name']!r}.")
