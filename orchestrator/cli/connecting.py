"""Which server the command line speaks to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from orchestrator.cli.pidfile import find_running
from orchestrator.cli.places import pid_file

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

DEFAULT_API_URL = "http://127.0.0.1:4200/api"
PATIENCE_SECONDS = "5"  # somebody waits at a terminal


def connected() -> Client:
    """A client for where the environment or the active profile points, else for this data directory's server, else
    for the usual port."""
    from orchestrator.sdk.api.client import current_client
    from orchestrator.sdk.configuration import settings

    if settings.api_url() is None:
        running = find_running(pid_file())
        os.environ["ORCHESTRATOR_API_URL"] = f"{running.url}/api" if running else DEFAULT_API_URL
    if settings.given("ORCHESTRATOR_CONNECT_SECONDS")[0] is None:
        os.environ["ORCHESTRATOR_CONNECT_SECONDS"] = PATIENCE_SECONDS
    client = current_client()
    if client is None:
        raise RuntimeError("ORCHESTRATOR_API_URL was just set")
    return client
