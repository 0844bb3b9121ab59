"""A live part that a page has already is not sent again: the answer is 304, a tenth of a kilobyte.

Pages ask for some parts every few seconds, as no event tells of what they show. What a browser keeps up to date by
itself, relative times and durations that go on, does not make a part another one; nor do tokens against forgery.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase

_MOVES_BY_ITSELF = re.compile(
    rb'(?<=<time data-ago )([^>]*>)[^<]*|(?<=<span data-since=)([^>]*>)[^<]*|(name="csrfmiddlewaretoken" value=")[^"]*'
)


class UnchangedParts:
    """Middleware. Stands before those that add headers, which an empty answer does not need."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        is_part = request.method == "GET" and "fragment" in request.GET and response.status_code == 200
        if not is_part or not isinstance(response, HttpResponse):
            return response
        tag = tag_of(response.content)
        if request.headers.get("If-None-Match") != tag:
            response.headers["ETag"] = tag
            return response
        unchanged = HttpResponseNotModified(headers={"ETag": tag})
        unchanged.cookies = response.cookies
        return unchanged


def tag_of(part: bytes) -> str:
    """The same for parts that tell the same."""
    still = _MOVES_BY_ITSELF.sub(lambda found: b"".join(kept for kept in found.groups() if kept), part)
    return f'W/"{hashlib.sha256(still).hexdigest()[:16]}"'
