"""`orchestrator api-key …`: keys are made beside the database, so that no key is needed for the first one."""

from __future__ import annotations

import click

from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.managing import manage
from orchestrator.cli.output import output_option


@click.group("api-key", cls=LazyGroup)
def api_keys() -> None:
    """Make, list and revoke the keys of the server on this machine."""


@api_keys.command()
@click.argument("name")
@click.option("--user", help="The user that the key stands for. Default: a program without a user.")
@click.option("--days", type=click.FloatRange(0, min_open=True), help="After how many days it ends. Default: never.")
def create(name: str, user: str | None, days: float | None) -> None:
    """Make a key for what NAME says, and print it: this once."""
    options = [f"--user={user}"] if user is not None else []
    options += [f"--days={days}"] if days is not None else []
    manage("create_api_key", *options, "--", name)


@api_keys.command("ls")
@click.option("--all", "everything", is_flag=True, help="Also those that were revoked or have expired.")
@output_option
def ls(everything: bool, output: str) -> None:
    """List the keys that can be used."""
    manage("list_api_keys", *(["--all"] if everything else []), *(["--json"] if output == "json" else []))


@api_keys.command()
@click.argument("key")
def revoke(key: str) -> None:
    """Revoke the KEY of this identifier, or every key of this name."""
    manage("revoke_api_key", "--", key)
