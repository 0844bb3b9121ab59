"""`orchestrator deployment versions …` and `orchestrator deployment rollback …`"""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.connecting import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.finding import find_deployment
from orchestrator.cli.moments import local
from orchestrator.cli.output import Column, confirm, output_option, show_json, show_list, yes_option

CREATED = 201  # the answer when there is a new version

COLUMNS = [
    Column("Number", lambda each: each["number"]),
    Column("Version", lambda each: each["version"]),
    Column("Made", lambda each: local(each["created"])),
    Column("By", lambda each: (each["created_by"] or {}).get("display_value")),
    Column("Changed", lambda each: _changed(each)),
]


@click.command()
@click.argument("deployment", metavar="FLOW/DEPLOYMENT")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200))
@click.option("--show", type=click.IntRange(1), metavar="NUMBER", help="All of one version, and what it changed.")
@click.option("--compared-to", type=click.IntRange(1), metavar="NUMBER", help="With --show: compare with this one.")
@output_option
@clear_errors
def versions(deployment: str, limit: int, show: int | None, compared_to: int | None, output: str) -> None:
    """List what the deployment has been, newest first."""
    from orchestrator.cli.plans import differences_in, in_short

    if compared_to is not None and show is None:
        raise click.UsageError("--compared-to goes with --show.")
    client = connected()
    path = f"/deployments/{find_deployment(client, deployment)['id']}/versions"
    if show is None:
        found = client.ask("GET", f"{path}?limit={limit}")
        show_list(found, COLUMNS, output=output, nothing="It has not changed since versions are kept.")
        return
    one = client.ask("GET", f"{path}/{show}" + (f"?compared_to={compared_to}" if compared_to else ""))
    if output == "json":
        show_json(one)
        return
    for key, value in one["content"].items():
        click.echo(f"{key}: {in_short(value)}")
    if one["changes"]:
        click.echo(f"Compared with {f'version {compared_to}' if compared_to else 'the one before'}:")
    for key, change in one["changes"].items():
        for name, before, after in differences_in(key, change["from"], change["to"]):
            click.echo(f"    {name}: {before} → {after}")


@click.command()
@click.argument("deployment", metavar="FLOW/DEPLOYMENT")
@click.argument("number", type=click.IntRange(1), required=False)
@yes_option
@output_option
@clear_errors
def rollback(deployment: str, number: int | None, yes: bool, output: str) -> None:
    """Make the deployment what it was in version NUMBER; without one, in the version before.

    All of it comes back or, when something that it needs is gone, nothing. The way back is a new version.
    """
    from orchestrator.cli.exits import Ended

    client = connected()
    found = find_deployment(client, deployment)
    path = f"/deployments/{found['id']}/versions"
    if number is None:
        latest = client.ask("GET", f"{path}?limit=2")
        if len(latest) < 2:
            raise Ended(f"{deployment} has no version before this one.")
        number = int(latest[1]["number"])
    confirm(f"Make {deployment} what it was in version {number}?", yes=yes)
    response = client.send("POST", f"{path}/{number}/restore", {})
    made = response.json()
    if output == "json":
        show_json(made)
    elif response.status == CREATED:
        click.echo(f"{deployment} is as in version {number} again; this is version {made['number']}.")
    else:
        click.echo(f"{deployment} is as in version {number} already.")


def _changed(version: dict[str, Any]) -> str:
    if version["restored_from"] is not None:
        return f"restored from {version['restored_from']}: {', '.join(version['changed'])}"
    return ", ".join(version["changed"]) or ("first" if version["number"] == 1 else "")
