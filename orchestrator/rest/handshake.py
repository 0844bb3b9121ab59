"""What clients ask before anything else: who are you, are you well, which version."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from rest_framework.request import Request
from rest_framework.response import Response

from orchestrator.contract.versions import API_VERSION, PREFECT_VERSION
from orchestrator.rest.errors import NotFound, Unprocessable
from orchestrator.rest.views import ApiView

MASK = "********"


class Health(ApiView):
    """Alive: says nothing about the database."""

    open_to_all = True

    def get(self, request: Request) -> bool:
        return True


class Ready(ApiView):
    """Able to serve: the database answers."""

    open_to_all = True

    def get(self, request: Request) -> Response:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            return Response({"message": "Database is not available"}, 503)
        return Response({"message": "OK"})


class Hello(ApiView):
    def get(self, request: Request) -> str:
        return "Hello from Orchestrator"


class ApiVersion(ApiView):
    def get(self, request: Request) -> str:
        return API_VERSION


class ServerVersion(ApiView):
    """The version of Prefect whose contract is spoken; its clients refuse another major."""

    def get(self, request: Request) -> str:
        return PREFECT_VERSION


class CsrfToken(ApiView):
    """Programs authenticate by header and need no token. They ask anyway, and look for this very text."""

    def get(self, request: Request) -> None:
        raise Unprocessable("CSRF protection is disabled.")


class Storage(ApiView):
    """There is no default storage block: results stay where the client puts them."""

    def get(self, request: Request) -> dict[str, Any]:
        return {"default_result_storage_block_id": None}


class Settings(ApiView):
    """What the server runs with. Secrets are masked."""

    def get(self, request: Request) -> dict[str, Any]:
        database = settings.DATABASES["default"]
        return {
            "home": str(settings.HOME),
            "debug_mode": settings.DEBUG,
            "logging_level": settings.LOG_LEVEL,
            "server": {
                "api": {
                    "auth": settings.API_AUTH,
                    "auth_string": MASK if settings.API_AUTH_STRING else None,
                    "default_limit": 200,
                    "csrf_protection_enabled": False,
                    "http_threads": settings.HTTP_THREADS,
                    "max_body_bytes": settings.MAX_BODY_BYTES,
                },
                "ui": {"public_url": settings.PUBLIC_URL},
                "database": {
                    "engine": database["ENGINE"].rpartition(".")[2],
                    "name": str(database["NAME"]),
                    "host": database.get("HOST") or None,
                    "user": database.get("USER") or None,
                    "password": MASK if database.get("PASSWORD") else None,
                },
                "broker": {"kind": "redis" if settings.REDIS_URL else "embedded"},
                "workers": {"lease_seconds": settings.LEASE_SECONDS, "max_attempts": settings.MAX_ATTEMPTS},
                "analytics_enabled": False,
                "secret_key": MASK,
            },
        }


class NoSuchAddress(ApiView):
    """Whatever no other route takes is answered in JSON too."""

    open_to_all = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("Not Found")
