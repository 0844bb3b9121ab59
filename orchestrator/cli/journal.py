"""`orchestrator journal …`: what programs on this machine could not tell a server that was away."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import Ended
from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.output import Column, output_option, show_list


@click.group("journal", cls=LazyGroup)
def journal() -> None:
    """See and send what programs here could not tell a server that was away.

    It is kept in the data directory, and sent by the next program there that reaches the server; `send` does it now.
    """


@journal.command()
@output_option
@clear_errors
def ls(output: str) -> None:
    """List what is kept, for every server, oldest first."""
    from orchestrator.sdk.recording.journal_files import summaries

    rows = [_row(summary) for summary in summaries()]
    columns = [
        Column("Server", lambda row: row["server"] or "(cannot be read)"),
        Column("Program", lambda row: row["program"]),
        Column("Events", lambda row: str(row["events"])),
        Column("Logs", lambda row: str(row["logs"])),
        Column("Ends", lambda row: ", ".join(end["state"] for end in row["ends"])),
        Column("", lambda row: f"process {row['pid']} lives and sends it itself" if row["alive"] else None),
        Column("File", lambda row: row["file"], whole=True),
    ]
    show_list(rows, columns, output=output, nothing="Nothing is kept: the servers know everything.")


@journal.command()
@clear_errors
def send() -> None:
    """Send what is kept for the server that the settings name. What others keep stays, and is told of."""
    from orchestrator.cli.connecting import connected
    from orchestrator.sdk.configuration import settings
    from orchestrator.sdk.recording.journal_files import summaries, take_left_behind
    from orchestrator.sdk.recording.sending import send_left_behind

    client = connected()
    patience = settings.connect_seconds()
    files, problems = 0, []
    for left in take_left_behind(client.transport.address):
        try:
            problems += send_left_behind(client, left, patience_seconds=patience, wait=_sleep)
        except BaseException:
            left.close()
            raise
        files += 1
    click.echo(
        f"Sent what {files} {'program' if files == 1 else 'programs'} had left." if files else "Nothing to send."
    )
    for summary in summaries():
        if summary.alive:
            click.echo(f"{summary.file}: process {summary.pid} lives, and sends it by itself.", err=True)
        elif summary.server is None:
            click.echo(f"{summary.file}: this is no journal that can be read; it stays.", err=True)
        elif summary.server != client.transport.address:
            click.echo(f"{summary.file}: kept for {summary.server}; choose its profile to send it.", err=True)
    if problems:
        raise Ended("The server did not take all of it:\n" + "\n".join(f"  {problem}" for problem in problems))


def _row(summary: Any) -> dict[str, Any]:
    return {
        "server": summary.server,
        "program": summary.program,
        "pid": summary.pid,
        "alive": summary.alive,
        "events": summary.events,
        "logs": summary.logs,
        "ends": [
            {"flow_run_id": end.flow_run_id, "state": end.state.get("name"), "at": end.at} for end in summary.ends
        ],
        "bytes": summary.bytes,
        "file": str(summary.file),
    }


def _sleep(seconds: float) -> None:
    import time

    time.sleep(seconds)
