"""What every page shares: who may read it, its headers, its fragments, and what is said when there is no such page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control

from orchestrator.pages.navigation import drawn

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponseBase]


def page(view: View) -> View:
    """Make a view a page: closed to strangers where the API is closed to them, never stored, with the page headers."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.API_AUTH == "required" and not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), reverse("sign-in"))
        if "%00" in request.META.get("QUERY_STRING", ""):  # PostgreSQL fails on it
            return HttpResponse("No address has the character NUL.", status=400, content_type="text/plain")
        if request.GET.get("fragment") == "nav":  # of the frame: no page needs to be made for it
            return with_page_headers(HttpResponse(drawn(request, "navigation.html")))
        return with_page_headers(view(request, *args, **kwargs))

    return answer


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any], *, fragments: dict[str, str] | None = None
) -> HttpResponse:
    """The whole page, or with `?fragment=<name>` the template of `fragments` that the whole page includes, alone.

    An unknown fragment is answered 404, so that a page from before an update notices and can be loaded anew.
    """
    wanted = request.GET.get("fragment")
    if wanted is None:
        return render(request, template, context)
    if fragments is None or wanted not in fragments:
        return HttpResponse(
            f"This page has no part called “{wanted[:40]}”.", status=404, content_type="text/plain; charset=utf-8"
        )
    return render(request, fragments[wanted], context)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """The 400 of the whole site: JSON under /api, else a page that helps on."""
    if isinstance(exception, DisallowedHost):
        name = request.META.get("HTTP_HOST", "")
        reason = (
            f"This server does not answer to the name {name[:200]!r}. If it should, set ORCHESTRATOR_PUBLIC_URL to its "
            "address, or ORCHESTRATOR_ALLOWED_HOSTS to its names."
        )
    else:
        reason = "The request cannot be understood."
    if request.path_info.startswith("/api/"):
        return JsonResponse({"detail": reason}, status=400)
    if isinstance(exception, DisallowedHost):  # a page would look at the address that cannot be trusted
        return HttpResponse(reason, status=400, content_type="text/plain; charset=utf-8")
    return with_page_headers(render(request, "bad_request.html", status=400))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """The 404 of the whole site: JSON under /api, else a page that helps on."""
    if request.path_info.startswith("/api/"):
        return JsonResponse({"detail": "Not Found"}, status=404)
    return no_such(request, "page")


def not_allowed(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """The 403 of the whole site: JSON under /api, else a page that helps on."""
    if request.path_info.startswith("/api/"):
        return JsonResponse({"detail": "Forbidden"}, status=403)
    return with_page_headers(render(request, "not_allowed.html", status=403))


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """The answer to a form without its token, or with that of another session."""
    return with_page_headers(render(request, "not_allowed.html", {"is_form": True}, status=403))


def server_error(request: HttpRequest) -> HttpResponseBase:
    """The 500 of the whole site. If the frame cannot be made either, as without a database, plain words must do."""
    if request.path_info.startswith("/api/"):
        return JsonResponse({"exception_message": "Internal Server Error"}, status=500)
    try:
        return with_page_headers(render(request, "server_error.html", {"now": timezone.now()}, status=500))
    except Exception:  # whatever broke the page may break this one as well, and there is nobody behind it
        logger.exception("Not even the page that tells of an error could be made")
        words = f"The server failed at {timezone.now():%Y-%m-%d %H:%M:%S} UTC. Its log says why."
        return HttpResponse(words, status=500, content_type="text/plain; charset=utf-8")


def no_such(request: HttpRequest, thing: str, identifier: object = None) -> HttpResponseBase:
    """A 404 page that names what is missing, such as the flow run with this identifier."""
    answer = render(request, "not_found.html", {"thing": thing, "identifier": identifier}, status=404)
    return with_page_headers(answer)


def with_page_headers(response: HttpResponseBase) -> HttpResponseBase:
    patch_cache_control(response, private=True, no_cache=True, no_store=True)
    return response
