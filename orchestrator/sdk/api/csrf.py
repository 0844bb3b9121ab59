"""Tokens against forged requests: servers that protect themselves so want one with every change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from orchestrator.sdk.api.transport import Request, Response

_TOKEN = "Prefect-Csrf-Token"
_CLIENT = "Prefect-Csrf-Client"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class CsrfTokens:
    """The token of one client. It is asked for when the server misses it, so other servers are never asked."""

    def __init__(self, ask: Callable[[Request], tuple[Response | None, str]], headers: dict[str, str]) -> None:
        self._ask = ask
        self._headers = headers
        self._client = ""
        self._token = ""
        self._lock = threading.Lock()

    def with_token(self, request: Request) -> Request:
        """The request as the server wants it, as far as that is known."""
        if not self._token or request.method in _SAFE:
            return request
        own = {_TOKEN: self._token, _CLIENT: self._client}
        return replace(request, headers={**request.headers, **own})

    def is_missed(self, request: Request, response: Response) -> bool:
        """Whether the server refused the request for want of a token, and there is a new one now."""
        if response.status != 403 or b"CSRF token" not in response.body:
            return False
        sent = request.headers.get(_TOKEN, "")
        with self._lock:
            if self._token == sent:  # no other thread has fetched one meanwhile
                self._fetch()
            return self._token != sent

    def _fetch(self) -> None:
        import uuid

        client = self._client or str(uuid.uuid4())
        response, _ = self._ask(Request("GET", f"/csrf-token?client={client}", None, self._headers))
        if response is not None and response.status == 200:
            self._client, self._token = client, response.json()["token"]
