"""What Django's middlewares add to every answer of the API, asked of them once.

To have several middlewares add the same few headers to each answer takes longer than much of what small requests do.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils.cache import patch_vary_headers

Headers = list[tuple[bytes, bytes]]

_BY_ORIGIN = "origin"  # answers to pages of other sites have more headers


class StandingHeaders:
    def __init__(self) -> None:
        empty = HttpResponse()
        del empty["Content-Type"]
        patch_vary_headers(empty, (_BY_ORIGIN,))
        for middleware in (SecurityMiddleware, XFrameOptionsMiddleware):
            empty = middleware(lambda _: HttpResponse()).process_response(HttpRequest(), empty)
        self._ready = [(name, (name.encode("ascii"), value.encode("latin-1"))) for name, value in empty.items()]

    def of(self, response: HttpResponseBase) -> Headers:
        """Those that the response does not have. One of its own that says the same is completed."""
        if response.has_header("Vary"):
            patch_vary_headers(response, (_BY_ORIGIN,))
        missing = [pair for name, pair in self._ready if not response.has_header(name)]
        if not response.streaming and not response.has_header("Content-Length"):
            missing.append((b"Content-Length", str(len(response.content)).encode()))  # type: ignore[attr-defined]
        return missing
