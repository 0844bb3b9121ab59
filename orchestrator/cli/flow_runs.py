"""`orchestrator flow-run …`"""

from __future__ import annotations

import click

from orchestrator.cli.api import connected
from orchestrator.cli.errors import clear_errors


@click.group("flow-run")
def flow_runs() -> None:
    """List and cancel flow runs."""


@flow_runs.command()
@click.option("--limit", default=15, show_default=True, type=click.IntRange(1, 200))
@clear_errors
def ls(limit: int) -> None:
    """List the latest flow runs."""
    from rich.console import Console
    from rich.table import Table

    runs = connected().ask("POST", "/flow_runs/filter", {"sort": "EXPECTED_START_TIME_DESC", "limit": limit})
    table = Table("Name", "State", "Began", "Seconds", "Id", box=None)
    for run in runs:
        began = (run.get("start_time") or "")[:19].replace("T", " ")
        table.add_row(
            run["name"], run.get("state_name") or "", began, f"{run.get('total_run_time') or 0:.1f}", run["id"]
        )
    Console().print(table)


@flow_runs.command()
@click.argument("flow_run_id")
@clear_errors
def cancel(flow_run_id: str) -> None:
    """Ask for a flow run to be cancelled."""
    answer = connected().ask(
        "POST", f"/flow_runs/{flow_run_id}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}}
    )
    state = answer.get("state") or {}
    if answer["status"] == "ACCEPT" or state.get("type") == "CANCELLED":
        click.echo(f"Flow run {flow_run_id} is {str(state.get('name') or 'cancelling').lower()}.")
        return
    raise click.ClickException(f"Not cancelled: {(answer.get('details') or {}).get('reason') or 'the server refused'}")
