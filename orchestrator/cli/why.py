"""`orchestrator flow-run why` and `deployment why`: what a run waits for, or why none comes, and what would help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from orchestrator.cli.connecting import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.finding import find_deployment, find_flow_run
from orchestrator.cli.moments import local
from orchestrator.cli.output import output_option, plain, show_json

_WAITING = {None, "SCHEDULED", "PENDING", "PAUSED", "CANCELLING"}


@click.command()
@click.argument("run")
@output_option
@clear_errors
def why(run: str, output: str) -> None:
    """Say why a run does not start, and what would help. Times in sentences are UTC."""
    client = connected()
    found = find_flow_run(client, run)
    told = client.ask("GET", f"/flow_runs/{found['id']}/why")
    if output == "json":
        show_json(told)
        return
    state = told["state_name"] or "without a state"
    since = f" since {local(told['since'])}" if told["since"] else ""
    click.echo(f"Flow run {plain(told['flow_run_name'])} is {plain(state)}{since}.")
    waits = told["state_type"] in _WAITING
    _show_all(told["causes"], "What holds it up, the first thing first:" if waits else "What is known:")


@click.command()
@click.argument("name", metavar="DEPLOYMENT")
@output_option
@clear_errors
def why_deployment(name: str, output: str) -> None:
    """Say why no runs of a deployment come, or what would hold them up. Times in sentences are UTC."""
    client = connected()
    found = find_deployment(client, name)
    told = client.ask("GET", f"/deployments/{found['id']}/why")
    if output == "json":
        show_json(told)
        return
    planned = (
        f"The next run is planned for {local(told['next_run_at'])}." if told["next_run_at"] else "No run is planned."
    )
    click.echo(f"Deployment {plain(told['deployment_name'])}. {planned}")
    _show_all(told["causes"], "What keeps its runs from coming or beginning, the first thing first:")


def _show_all(causes: Sequence[dict[str, Any]], title: str) -> None:
    _show([cause for cause in causes if cause["certain"]], title)
    others = [cause for cause in causes if not cause["certain"]]
    _show(others, "What may play a part:" if len(others) < len(causes) else "What is known:")


def _show(causes: Sequence[dict[str, Any]], title: str) -> None:
    if not causes:
        return
    click.echo(f"\n{title}")
    for number, cause in enumerate(causes, 1):
        click.echo(f"  {number}. {plain(cause['summary'])}")
        action = cause["action"]
        if action is None:
            continue
        click.echo(f"     {plain(action['summary'])}")
        if action["command"]:
            click.echo(f"       {plain(action['command'])}")
