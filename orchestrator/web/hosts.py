"""Calls that name another host are refused: without the rest of what Django's middleware for that does for pages."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase


class OwnHosts:
    """Middleware. A host that is none of ALLOWED_HOSTS is answered with 400."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.get_host()  # raises DisallowedHost
        return self._get_response(request)
