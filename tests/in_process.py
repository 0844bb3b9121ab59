"""The SDK's client against the API in this very process: the real server code, without a socket between."""

from __future__ import annotations

import pytest
from django.test import Client as DjangoClient

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.transport import Request, Response
from tests.api_client import checked


class DjangoTransport:
    """Answers as the server would, inside the test's transaction; every answer is held against what is declared."""

    address = "this process"

    def __init__(self) -> None:
        self._client = DjangoClient()

    def handle(self, request: Request) -> Response:
        path = f"/api{request.path}"
        answer = checked(
            self._client.generic(
                request.method,
                path,
                request.body or b"",
                content_type="application/json",
                headers={key: value for key, value in request.headers.items() if key != "Content-Type"},
            )
        )
        return Response(answer.status_code, answer.content, dict(answer.headers))


def in_process_client() -> Client:
    return Client(DjangoTransport(), ui_url="http://ui.test")


def quiet_client() -> Client:
    """Its events go nowhere: they would come from a thread, which does not see the test's transaction."""
    client = in_process_client()
    client.delivery.put_event = lambda event: None  # type: ignore[method-assign]
    return client


def losing_answers(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Of every request that is put into this set, as `POST /path`, the first answer gets lost: the server did it."""
    lost: set[str] = set()
    done: set[bytes | None] = set()
    handle = DjangoTransport.handle

    def losing(self: DjangoTransport, request: Request) -> Response:
        answer = handle(self, request)
        if f"{request.method} {request.path}" in lost and request.body not in done:
            done.add(request.body)
            raise ConnectionResetError("lost")
        return answer

    monkeypatch.setattr(DjangoTransport, "handle", losing)
    monkeypatch.setattr("orchestrator.sdk.api.client._FIRST_DELAY_SECONDS", 0.001)
    return lost
