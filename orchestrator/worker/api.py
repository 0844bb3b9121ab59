"""The worker's own line to the API, apart from the one that a run uses, so that neither holds up the other."""

from __future__ import annotations

import os
from dataclasses import dataclass

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.transport import HttpTransport
from orchestrator.sdk.configuration import settings as client_settings

REQUEST_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Access:
    """Where the API is, and what the worker shows there."""

    api_url: str
    api_key: str | None
    auth_string: str | None

    def client(self, *, timeout_seconds: float = REQUEST_TIMEOUT_SECONDS) -> Client:
        transport = HttpTransport(self.api_url, timeout_seconds=timeout_seconds)
        return Client(transport, api_key=self.api_key, auth_string=self.auth_string)


_client: Client | None = None
_access: Access | None = None
_made_in: int | None = None


def api_client(api_url: str) -> Client:
    """One client per process and address, with the key that the worker was started with."""
    global _client, _made_in
    access = api_access(api_url)
    if _client is None or _made_in != os.getpid():
        _client, _made_in = access.client(), os.getpid()
    return _client


def api_access(api_url: str) -> Access:
    """As the worker was started, whatever a run has made of the environment since."""
    global _access, _client
    if _access is None or _access.api_url != api_url:
        _access = Access(api_url, client_settings.api_key(), client_settings.auth_string())
        _client = None
    return _access
