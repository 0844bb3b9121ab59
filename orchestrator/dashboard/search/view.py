"""The page, and the part of it that the palette shows."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from orchestrator.dashboard.search.hits import read_words
from orchestrator.dashboard.search.kinds import NEWEST, find
from orchestrator.pages.page import page, render_page


@require_safe
@page
def search(request: HttpRequest) -> HttpResponseBase:
    """Of a whole identifier that only one thing has, its page."""
    asked = read_words(request.GET.get("q", ""))
    kinds = find(asked, request.user.pk)
    hits = [hit for kind in kinds for hit in kind.hits]
    if asked.identifier is not None and len(hits) == 1 and "fragment" not in request.GET:
        return redirect(hits[0].url)
    context = {"section": "search", "asked": asked, "kinds": kinds, "number": len(hits), "newest": f"{NEWEST:,}"}
    return render_page(request, "search/page.html", context, fragments={"palette": "search/palette.html"})
