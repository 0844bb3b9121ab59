"""The worker's own line to the API, apart from the one that a run uses, so that neither holds up the other."""

from __future__ import annotations

import os

from orchestrator.sdk import settings as client_settings
from orchestrator.sdk.client import Client
from orchestrator.sdk.transport import HttpTransport

REQUEST_TIMEOUT_SECONDS = 10.0

_client: Client | None = None
_made_for: tuple[int, str] | None = None


def api_client(api_url: str) -> Client:
    """One client per process and address, with the key that the worker was started with."""
    global _client, _made_for
    wanted = (os.getpid(), api_url)
    if _client is None or _made_for != wanted:
        _client = Client(
            HttpTransport(api_url, timeout_seconds=REQUEST_TIMEOUT_SECONDS),
            api_key=client_settings.api_key(),
            auth_string=client_settings.auth_string(),
        )
        _made_for = wanted
    return _client
