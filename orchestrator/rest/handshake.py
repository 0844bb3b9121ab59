"""What clients ask before anything else: who are you, are you well, which version."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from rest_framework.request import Request

from orchestrator.accounts.csrf import issue_csrf_token
from orchestrator.contract.versions import API_VERSION, PREFECT_VERSION
from orchestrator.rest import handshake_shapes as shapes
from orchestrator.rest import settings_shapes
from orchestrator.rest.errors import NotFound, Unprocessable
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.server_settings import settings_answer
from orchestrator.rest.views import ApiView, answers, asks

LONGEST_CLIENT = 255


class Health(ApiView):
    """Alive: says nothing about the database."""

    open_to_all = True
    checks_version = False

    @answers(bool)
    def get(self, request: Request) -> bool:
        return True


class Ready(ApiView):
    """Able to serve: the database answers."""

    open_to_all = True

    @answers(Any)
    def get(self, request: Request) -> JsonAnswer:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            return JsonAnswer({"message": "Database is not available"}, 503)
        return JsonAnswer({"message": "OK"})


class Hello(ApiView):
    @answers(str)
    def get(self, request: Request) -> str:
        return "Hello from Orchestrator"


class ApiVersion(ApiView):
    checks_version = False

    @answers(str)
    def get(self, request: Request) -> str:
        return API_VERSION


class ServerVersion(ApiView):
    """The version of Prefect whose contract is spoken; its clients refuse another major."""

    @answers(str)
    def get(self, request: Request) -> str:
        return PREFECT_VERSION


class CsrfToken(ApiView):
    """Clients ask for a token before their first unsafe request, also where none is needed."""

    @asks(client=str)
    @answers(shapes.CsrfToken)
    def get(self, request: Request, client: str) -> dict[str, Any]:
        if not settings.CSRF_PROTECTION:
            raise Unprocessable("CSRF protection is disabled.")  # the very text that clients look for
        if len(client) > LONGEST_CLIENT:
            raise Unprocessable(f"A client's identifier has at most {LONGEST_CLIENT} characters.")
        token, text = issue_csrf_token(client=client)
        return {
            "id": token.id,
            "created": token.created,
            "updated": token.updated,
            "token": text,
            "client": token.client,
            "expiration": token.expires_at,
        }


class Settings(ApiView):
    """What the server runs with. Secrets are masked."""

    @answers(settings_shapes.Settings)
    def get(self, request: Request) -> dict[str, Any]:
        return settings_answer()


class NoSuchAddress(ApiView):
    """Whatever no other route takes is answered in JSON too."""

    open_to_all = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("Not Found")
