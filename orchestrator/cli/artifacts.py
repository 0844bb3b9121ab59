"""`orchestrator artifact …`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.connecting import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import NotFound
from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.moments import ago, local
from orchestrator.cli.output import Column, confirm, output_option, show_json, show_list, show_one, yes_option

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

COLUMNS = [
    Column("Key", lambda artifact: artifact.get("key")),
    Column("Type", lambda artifact: artifact.get("type")),
    Column("Changed", lambda artifact: ago(artifact.get("updated"))),
    Column("Description", lambda artifact: _first_line(artifact.get("description")), optional=True),
    Column("Id", lambda artifact: artifact.get("latest_id") or artifact["id"], whole=True),
]


@click.group("artifact", cls=LazyGroup)
def artifacts() -> None:
    """List, inspect and delete what runs left to be seen: tables, texts, links, progress.

    An ARTIFACT is named by its key, which means its latest version, or by its id.
    """


@artifacts.command()
@click.option("--all", "-a", "everything", is_flag=True, help="Every version, and those without a key.")
@click.option("--type", "types", multiple=True, help="Those of this type: table, markdown, link, progress, image, …")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="The most to list.")
@output_option
@clear_errors
def ls(everything: bool, types: tuple[str, ...], limit: int, output: str) -> None:
    """List the latest version of every key, the newest first."""
    from orchestrator.cli.finding import pages

    body: dict[str, Any] = {"sort": "UPDATED_DESC"}
    if types:
        body["artifacts"] = {"type": {"any_": list(types)}}
    path = "/artifacts/filter" if everything else "/artifacts/latest/filter"
    found = list(pages(connected(), path, body, limit=limit))
    show_list(
        found,
        COLUMNS,
        output=output,
        nothing="There are no such artifacts.",
        note=f"The first {limit}; more with --limit." if len(found) == limit else None,
    )


@artifacts.command()
@click.argument("artifact")
@output_option
@clear_errors
def inspect(artifact: str, output: str) -> None:
    """Show an artifact with its data."""
    client = connected()
    found = _find(client, artifact)
    if output == "json":
        show_json(found)
        return
    show_one(
        found,
        [
            ("Key", found.get("key")),
            ("Id", found["id"]),
            ("Type", found.get("type")),
            ("Description", found.get("description")),
            ("Flow run", found.get("flow_run_id")),
            ("Task run", found.get("task_run_id")),
            ("Made", local(found.get("created"))),
            ("Changed", local(found.get("updated"))),
            ("Data", found.get("data")),
        ],
        output=output,
    )


@artifacts.command()
@click.argument("artifact")
@click.option("--all", "-a", "everything", is_flag=True, help="Every version of the key, not only the latest.")
@yes_option
@clear_errors
def delete(artifact: str, everything: bool, yes: bool) -> None:
    """Delete an artifact. Of a key, the version before becomes the latest."""
    from orchestrator.cli.finding import pages

    client = connected()
    found = [_find(client, artifact)]
    key = found[0].get("key")
    if everything and key:
        found = list(pages(client, "/artifacts/filter", {"artifacts": {"key": {"any_": [key]}}}, limit=None))
    what = f"{len(found)} versions of artifact {key!r}" if len(found) > 1 else f"artifact {artifact!r}"
    confirm(f"Delete {what}?", yes=yes)
    for each in found:
        client.send("DELETE", f"/artifacts/{each['id']}")
    click.echo(f"Deleted {what}.")


def _find(client: Client, text: str) -> dict[str, Any]:
    from orchestrator.cli.finding import get_or_none, identifier

    artifact_id = identifier(text)
    if artifact_id is None:
        latest = client.ask("POST", "/artifacts/latest/filter", {"artifacts": {"key": {"any_": [text]}}, "limit": 1})
        artifact_id = latest[0]["latest_id"] if latest else None
    found = get_or_none(client, f"/artifacts/{artifact_id}") if artifact_id is not None else None
    if found is None:
        raise NotFound(f"There is no artifact {text!r}. See them with: orchestrator artifact ls")
    return found


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n", 1)[0][:60]
