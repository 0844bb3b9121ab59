"""What people do on pages: a form is posted, something is done, and the reader is told and sent on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from orchestrator.pages.page import View, page, with_page_headers
from orchestrator.pages.roles import Deed, may, role_that_may

CONFIRMED = "confirmed"  # the field that a form carries once its consequences were shown
REASON = "reason"
MOST_REASON = 500  # characters
_OF_THE_ASKING = {"csrfmiddlewaretoken", CONFIRMED, REASON}


def action(view: View | None = None, *, needs: Deed = "operate") -> Callable[..., Any]:
    """Make a view the answer to a posted form. Whoever may not do that is told so with 403, and nothing is done."""

    def decorate(inner: View) -> View:
        @wraps(inner)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not may(request, needs):
                return forbidden(request, needs)
            return inner(request, *args, **kwargs)

        return require_POST(page(answer))

    return decorate if view is None else decorate(view)


def forbidden(request: HttpRequest, deed: Deed = "operate") -> HttpResponseBase:
    """The 403 page for somebody whose role does not allow it."""
    context = {"role": role_that_may(deed)}
    return with_page_headers(render(request, "not_allowed.html", context, status=403))


def done(request: HttpRequest, words: str, to: str, *args: Any, **kwargs: Any) -> HttpResponse:
    """Say what was done and go on to `to`, the name of an address or a path, or back to the form's `next`."""
    messages.success(request, words)
    return go_on(request, to, *args, **kwargs)


def refused(request: HttpRequest, words: str, to: str, *args: Any, **kwargs: Any) -> HttpResponse:
    """Say why nothing was done, and go on."""
    messages.error(request, words)
    return go_on(request, to, *args, **kwargs)


def go_on(request: HttpRequest, to: str, *args: Any, **kwargs: Any) -> HttpResponse:
    return see_other(safe_next(request) or resolve_url(to, *args, **kwargs))


def see_other(path: str) -> HttpResponse:
    """Go on to a path, which is taken as it is: it is not the name of an address."""
    response = HttpResponseRedirect(path)
    response.status_code = 303
    return response


def safe_next(request: HttpRequest) -> str:
    """The path that the form wants to go back to, if that is a page of this server; else nothing."""
    back = request.POST.get("next", "")
    is_ours = back.startswith("/") and url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return back if is_ours else ""


def confirm(
    request: HttpRequest,
    *,
    title: str,
    sentence: str,
    button: str,
    back: str,
    rows: Sequence[tuple[str, Any]] = (),
    reason: bool = False,
) -> HttpResponse | None:
    """None once the form was confirmed; before that the page that asks, which posts the same fields again.

    `rows` are facts to decide by, each a heading and a value. With `reason`, the page has a field for one, which comes
    as `request.POST["reason"]`. `back` is the path of the page to return to without doing anything.
    """
    if request.POST.get(CONFIRMED) == "1":
        return None
    fields = [(name, value) for name, values in request.POST.lists() if name not in _OF_THE_ASKING for value in values]
    context = {
        "title": title,
        "sentence": sentence,
        "button": button,
        "back": safe_next(request) or back,
        "rows": rows,
        "asks_reason": reason,
        "most_reason": MOST_REASON,
        "fields": fields,
    }
    return render(request, "confirm.html", context)


def reason_given(request: HttpRequest) -> str:
    """Why somebody does it, in their words; nothing when they gave none."""
    return request.POST.get(REASON, "").strip()[:MOST_REASON]
