"""Live pages, `flow-run logs --follow` and the events of clients need websockets."""

from __future__ import annotations

from orchestrator.cli.doctor.findings import Finding, ok, problem

SWITCHING = 101


def websockets_open(url: str, status: int | str) -> Finding:
    if status == SWITCHING:
        return ok("websockets", f"they open at {url}")
    if isinstance(status, str):
        return problem("websockets", f"none opens at {url}: {status}", "Check that this address leads to the server.")
    return problem(
        "websockets",
        f"none opens at {url}: answered with {status} instead of {SWITCHING}",
        "Let the proxy pass on the headers Upgrade and Connection, and speak HTTP/1.1 to the server.",
    )
