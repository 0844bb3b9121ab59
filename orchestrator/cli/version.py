"""`orchestrator version`"""

from __future__ import annotations

import platform
from typing import Any

import click

from orchestrator.cli.connecting import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.output import output_option, show_json, show_one


@click.command()
@click.option("--client", "only_client", is_flag=True, help="Do not ask the server.")
@output_option
@clear_errors
def version(only_client: bool, output: str) -> None:
    """Tell the versions of client and server. A server that does not answer is no error here."""
    from orchestrator import __version__
    from orchestrator.contract.versions import API_VERSION, PREFECT_VERSION

    told: dict[str, Any] = {
        "version": __version__,
        "api_version": API_VERSION,
        "speaks_to_prefect": PREFECT_VERSION,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()}",
    }
    if not only_client:
        told["server"] = _server()
    if output == "json":
        show_json(told)
        return
    server = told.get("server") or {}
    show_one(
        told,
        [
            ("Version", __version__),
            ("API", f"{API_VERSION}, speaks to Prefect {PREFECT_VERSION} clients"),
            ("Python", told["python"]),
            ("Platform", told["platform"]),
            (
                "Server",
                f"at {server['url']}, as Prefect {server['version']}"
                if server.get("version")
                else server.get("trouble"),
            ),
        ],
        output=output,
    )


def _server() -> dict[str, Any]:
    from orchestrator.sdk.errors import ApiError, ServerUnreachable

    client = connected()
    url = client.transport.address
    try:
        return {"url": url, "version": client.ask("GET", "/admin/version", patience_seconds=1.0)}
    except ServerUnreachable:
        return {"url": url, "version": None, "trouble": f"none answers at {url}"}
    except ApiError as error:
        return {"url": url, "version": None, "trouble": f"{url} answers {error.status}"}
