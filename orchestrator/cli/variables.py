"""`orchestrator variable …`"""

from __future__ import annotations

import json
from typing import Any

import click

from orchestrator.cli.connecting import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import Ended
from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.moments import ago, local
from orchestrator.cli.output import Column, confirm, output_option, show_json, show_list, show_one, yes_option

COLUMNS = [
    Column("Name", lambda variable: variable["name"], whole=True),
    Column("Value", lambda variable: json.dumps(variable["value"], ensure_ascii=False)),
    Column("Tags", lambda variable: variable.get("tags"), optional=True),
    Column("Changed", lambda variable: ago(variable.get("updated"))),
]


@click.group("variable", cls=LazyGroup)
def variables() -> None:
    """Read and set the values that flows ask for by name. They are no secrets: those belong into blocks."""


@variables.command()
@click.argument("name")
@clear_errors
def get(name: str) -> None:
    """Print the value of a variable: a text as it is, anything else as JSON."""
    value = _find(name)["value"]
    click.echo(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


@variables.command("set")
@click.argument("name")
@click.argument("value")
@click.option("--tag", "-t", "tags", multiple=True, help="A tag; may be repeated.")
@click.option("--text", is_flag=True, help="VALUE is a text, even if it could be read as JSON.")
@click.option("--overwrite", is_flag=True, help="Change it if it is there.")
@clear_errors
def set_(name: str, value: str, tags: tuple[str, ...], text: bool, overwrite: bool) -> None:
    """Set a variable. VALUE is JSON where it can be read as JSON, else a text."""
    from orchestrator.cli.finding import get_or_none, segment

    read: Any = value
    if not text:
        try:
            read = json.loads(value)
        except ValueError:
            read = value
    client = connected()
    there = get_or_none(client, f"/variables/name/{segment(name)}")
    if there is not None and not overwrite:
        raise Ended(f"There is a variable {name!r} already. To change it: --overwrite")
    body: dict[str, Any] = {"value": read}
    if tags or there is None:
        body["tags"] = list(tags)
    if there is None:
        client.send("POST", "/variables/", {"name": name, **body})
    else:
        client.send("PATCH", f"/variables/name/{segment(name)}", body)
    click.echo(f"Variable {name!r} is {json.dumps(read, ensure_ascii=False)}.")


@variables.command()
@click.argument("name")
@yes_option
@clear_errors
def unset(name: str, yes: bool) -> None:
    """Delete a variable."""
    from orchestrator.cli.finding import segment

    _find(name)
    confirm(f"Delete variable {name!r}?", yes=yes)
    connected().send("DELETE", f"/variables/name/{segment(name)}")
    click.echo(f"Deleted variable {name!r}.")


@variables.command()
@click.option("--tag", "tags", multiple=True, help="Those with this tag; of several, with all of them.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="The most to list.")
@output_option
@clear_errors
def ls(tags: tuple[str, ...], limit: int, output: str) -> None:
    """List variables, by name."""
    from orchestrator.cli.finding import pages

    body: dict[str, Any] = {"sort": "NAME_ASC"}
    if tags:
        body["variables"] = {"tags": {"all_": list(tags)}}
    found = list(pages(connected(), "/variables/filter", body, limit=limit))
    show_list(
        found,
        COLUMNS,
        output=output,
        nothing="There are no such variables.",
        note=f"The first {limit}; more with --limit." if len(found) == limit else None,
    )


@variables.command()
@click.argument("name")
@output_option
@clear_errors
def inspect(name: str, output: str) -> None:
    """Show a variable."""
    found = _find(name)
    if output == "json":
        show_json(found)
        return
    show_one(
        found,
        [
            ("Name", found["name"]),
            ("Value", json.dumps(found["value"], ensure_ascii=False, indent=2)),
            ("Tags", found.get("tags")),
            ("Id", found["id"]),
            ("Made", local(found.get("created"))),
            ("Changed", local(found.get("updated"))),
        ],
        output=output,
    )


def _find(name: str) -> dict[str, Any]:
    from orchestrator.cli.finding import get_or_none, not_found, segment

    client = connected()
    found = get_or_none(client, f"/variables/name/{segment(name)}")
    if found is None:
        known = [each["name"] for each in client.ask("POST", "/variables/filter", {"limit": 200})]
        raise not_found("variable", name, known, "variable ls")
    return found
