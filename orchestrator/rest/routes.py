"""One form of every address: routes are written without a trailing slash, and requests may carry one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import register_converter

API_PREFIX = "/api/"


class OneSlashForm:
    """Middleware that drops the trailing slash of API addresses: a redirect would turn a client's POST into a GET."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(API_PREFIX) and request.path_info.endswith("/"):
            request.path_info = request.path_info.rstrip("/")
        return self.get_response(request)


class AnyUuid:
    """A UUID in any of its usual writings; anything else is another address, so it is not found."""

    regex = "[0-9a-fA-F-]{32,36}"

    def to_python(self, value: str) -> UUID:
        return UUID(value)

    def to_url(self, value: Any) -> str:
        return str(value)


register_converter(AnyUuid, "id")
