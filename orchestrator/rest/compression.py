"""Large answers travel compressed to clients that can read that: those of the API, and pages."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.text import compress_string

from orchestrator.rest.routes import API_PREFIX

LEAST_BYTES = 20_000  # of the API's answers; smaller ones fit into a few packets as they are
LEVEL = 1  # JSON shrinks to a tenth at 400 MB/s; higher levels take several times as long for a little more
LEAST_PAGE_BYTES = 1_500
# A page may hold what its reader must not guess beside what a stranger chose, so its length is blurred; its tokens
# against forgery differ from page to page anyway.
BLUR_BYTES = 100
_TAKES_GZIP = re.compile(r"(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?:,|$)", re.IGNORECASE)


class CompressedAnswers:
    """Middleware. Downloads that are made while they are sent are left alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if response.streaming or response.has_header("Content-Encoding"):
            return response
        is_api = request.path_info.startswith(API_PREFIX)
        if not is_api and not response.get("Content-Type", "").startswith("text/html"):
            return response
        content: bytes = response.content  # type: ignore[attr-defined]
        if len(content) < (LEAST_BYTES if is_api else LEAST_PAGE_BYTES):
            return response
        patch_vary_headers(response, ("Accept-Encoding",))
        if _TAKES_GZIP.search(request.META.get("HTTP_ACCEPT_ENCODING", "")):
            compressed = gzip.compress(content, LEVEL, mtime=0) if is_api else _compressed_page(content)
            response.content = compressed  # type: ignore[attr-defined]
            response["Content-Length"] = str(len(compressed))
            response["Content-Encoding"] = "gzip"
        return response


def _compressed_page(content: bytes) -> bytes:
    return compress_string(content, max_random_bytes=BLUR_BYTES)
