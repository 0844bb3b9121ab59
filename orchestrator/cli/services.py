"""`orchestrator server services …`"""

from __future__ import annotations

import os
from typing import Any

import click

from orchestrator.cli.errors import clear_errors
from orchestrator.cli.moments import ago, duration
from orchestrator.cli.output import Column, output_option, show_list

_COLOURS = {"failing": "red", "overdue": "bright_red", "off": "bright_black", "ok": "green"}


@click.group()
def services() -> None:
    """See how the services do that run by themselves, and run one in the foreground."""


@services.command("ls")
@output_option
@clear_errors
def ls(output: str) -> None:
    """List the services with their last runs."""
    from orchestrator.cli.connecting import connected

    found = connected().ask("GET", "/services")
    columns = (
        Column("Service", lambda row: row["name"], whole=True),
        Column("State", _state, style=lambda row: _COLOURS.get(row["condition"])),
        Column("Schedule", lambda row: row["schedule"]),
        Column("Last run", lambda row: ago(row["last_started_at"])),
        Column("Took", lambda row: _short(row["last_duration_seconds"])),
        Column("Lag", lambda row: _short(row["last_lag_seconds"])),
        Column("Rows", lambda row: row["last_count"]),
        Column("In all", lambda row: row["total_count"]),
        Column("What it does", lambda row: row["last_error"] or row["description"]),
    )
    show_list(found, columns, output=output, nothing="There are no services.")


@services.command()
@click.argument("name")
@click.option("--once", is_flag=True, help="One round instead of one after the other. Exit code 1 if it fails.")
def run(name: str, once: bool) -> None:
    """Run the service NAME in the foreground, on the database of this machine's server, whether or not that runs."""
    from orchestrator.cli.exits import NOT_FOUND, Ended
    from orchestrator.cli.managing import management_command, management_environment
    from orchestrator.contract.services import UnknownServices, named_services

    try:
        [known] = named_services([name])
    except UnknownServices as error:
        raise Ended(str(error), code=NOT_FOUND) from None
    except ValueError:
        raise click.BadParameter("it is empty", param_hint="NAME") from None
    command = management_command("run_service", known, *(["--once"] if once else []))
    # In the place of this process, so that a signal reaches what does the work.
    os.execve(command[0], command, management_environment())


def _state(row: dict[str, Any]) -> str:
    return f"failing ({row['failures_in_a_row']} in a row)" if row["condition"] == "failing" else str(row["condition"])


def _short(seconds: float | None) -> str:
    return f"{seconds * 1000:.0f}ms" if seconds is not None and seconds < 1 else duration(seconds)
