"""Django's own check against forged requests, for requests that rest on a session's cookie."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware


def forgery_of(request: Any) -> str | None:
    """Why it is not believed that one of our own pages sends this request. None when it is."""
    check = _CsrfCheck(_no_view)
    check.process_request(request)
    return check.process_view(request, _no_view, (), {})  # type: ignore[return-value]


def _no_view(request: Any) -> HttpResponse:
    return HttpResponse()


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: Any, reason: str) -> str:
        return reason  # instead of a page
