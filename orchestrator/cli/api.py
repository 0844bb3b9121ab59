"""`orchestrator api METHOD PATH`"""

from __future__ import annotations

import json
import sys

import click

from orchestrator.cli.connecting import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.exits import USAGE, Ended
from orchestrator.cli.output import show_json


@click.command()
@click.argument("method", type=click.Choice(["GET", "POST", "PATCH", "PUT", "DELETE"], case_sensitive=False))
@click.argument("path")
@click.option("--data", "-d", help="The body, JSON; @FILE reads it from a file, - from standard input.")
@clear_errors
def api(method: str, path: str, data: str | None) -> None:
    """Send one request to the API, with your credentials, and print the answer.

    PATH begins behind the API's address: `/flows/filter`.
    """
    path = "/" + path.lstrip("/").removeprefix("api/")
    body = _read(data) if data is not None else ({} if method.upper() in {"POST", "PATCH", "PUT"} else None)
    response = connected().send(method.upper(), path, body)
    if not response.body:
        return
    try:
        show_json(response.json())
    except ValueError:
        click.echo(response.body.decode("utf-8", "replace"))


def _read(data: str) -> object:
    try:
        if data == "-":
            return json.load(sys.stdin)
        if data.startswith("@"):
            with open(data[1:], encoding="utf-8") as file:
                return json.load(file)
        return json.loads(data)
    except OSError as error:
        raise Ended(f"{data[1:]} cannot be read: {error.strerror}", code=USAGE) from None
    except ValueError as error:
        raise Ended(f"The body is no JSON: {error}", code=USAGE) from None
