"""Large answers of the API travel compressed to clients that can read that."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from orchestrator.rest.routes import API_PREFIX

LEAST_BYTES = 20_000  # smaller answers fit into a few packets as they are
LEVEL = 1  # JSON shrinks to a tenth at 400 MB/s; higher levels take several times as long for a little more
_TAKES_GZIP = re.compile(r"(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?:,|$)", re.IGNORECASE)


class CompressedAnswers:
    """Middleware. Downloads that are made while they are sent are left alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if response.streaming or not request.path_info.startswith(API_PREFIX):
            return response
        content: bytes = response.content  # type: ignore[attr-defined]
        if len(content) < LEAST_BYTES or response.has_header("Content-Encoding"):
            return response
        patch_vary_headers(response, ("Accept-Encoding",))
        if _TAKES_GZIP.search(request.META.get("HTTP_ACCEPT_ENCODING", "")):
            response.content = gzip.compress(content, LEVEL, mtime=0)  # type: ignore[attr-defined]
            response["Content-Length"] = str(len(response.content))  # type: ignore[attr-defined]
            response["Content-Encoding"] = "gzip"
        return response
