"""The SDK's client against the API in this very process: the real server code, without a socket between."""

from __future__ import annotations

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
