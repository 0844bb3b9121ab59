"""The last filter of each list, kept in a cookie: offered when the list is opened anew, never applied by itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from orchestrator.pages.filters.selection import Selection
from orchestrator.pages.saved_views import query_to_save

COOKIE_SECONDS = 30 * 24 * 3600
MOST = 1_500  # characters; what is longer is not kept


def last_filter(request: HttpRequest, kind: str, wanted: Selection) -> str:
    """The query of the last filter; nothing while the list is filtered, or never was."""
    return "" if wanted.is_narrowed else query_to_save(request.COOKIES.get(_cookie(kind), ""))


def remember_filter(request: HttpRequest, response: HttpResponse, kind: str, wanted: Selection) -> HttpResponse:
    """Keep the filter of a whole page."""
    query = query_to_save(request.META.get("QUERY_STRING", ""))
    if wanted.is_narrowed and len(query) <= MOST and request.COOKIES.get(_cookie(kind)) != query:
        response.set_cookie(_cookie(kind), query, max_age=COOKIE_SECONDS, samesite="Lax", httponly=True)
    return response


def _cookie(kind: str) -> str:
    return f"last-{kind}"
