"""`orchestrator user …`: people are made beside the database, so the first one needs nobody who is signed in."""

from __future__ import annotations

import click

from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.managing import manage
from orchestrator.cli.output import output_option

ROLE = click.Choice(["viewer", "operator", "admin"])


@click.group("user", cls=LazyGroup)
def users() -> None:
    """Make and list the people who sign in on the pages, and give them roles."""


@users.command()
@click.argument("name")
@click.option("--role", type=ROLE, default="viewer", show_default=True, help="What they may do.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input. Default: one is made up.")
def create(name: str, role: str, password_stdin: bool) -> None:
    """Make the user NAME, and print the password that was made up: this once."""
    manage("create_user", f"--role={role}", *(["--password-stdin"] if password_stdin else []), "--", name)


@users.command("ls")
@output_option
def ls(output: str) -> None:
    """List the users with their roles."""
    manage("list_users", *(["--json"] if output == "json" else []))


@users.command("set-role")
@click.argument("name")
@click.argument("role", type=ROLE)
def set_role(name: str, role: str) -> None:
    """Give the user NAME the ROLE, in place of the one before."""
    manage("set_user_role", "--", name, role)
