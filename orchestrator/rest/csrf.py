"""Unsafe requests of clients carry a token that only a program of their own site can have fetched."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from orchestrator.accounts.csrf import is_valid_csrf_token
from orchestrator.rest.errors import Refused
from orchestrator.rest.forgery import forgery_of

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def refuse_without_token(request: Any) -> None:
    """Ask for the client's token, where the server protects itself so. Clients look for these very texts.

    Our own pages send Django's token instead. Raises Refused (403).
    """
    if not settings.CSRF_PROTECTION or request.method not in UNSAFE:
        return
    text = request.META.get("HTTP_PREFECT_CSRF_TOKEN")
    client = request.META.get("HTTP_PREFECT_CSRF_CLIENT")
    if text is None:
        if "HTTP_X_CSRFTOKEN" in request.META and forgery_of(request._request) is None:
            return
        raise Refused("Missing CSRF token.", 403)
    if client is None:
        raise Refused("Missing client identifier.", 403)
    if not is_valid_csrf_token(client=client, text=text):
        raise Refused("Invalid CSRF token or client identifier.", 403)
