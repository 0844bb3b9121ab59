"""The reader's choice between light and dark, kept in a cookie so that a page is right from its first moment."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

THEMES = {"": "Auto", "light": "Light", "dark": "Dark"}  # "" is what the system prefers
COOKIE = "theme"
COOKIE_SECONDS = 365 * 24 * 3600


def chosen_theme(request: HttpRequest) -> str:
    """`light`, `dark`, or nothing when the system decides. A cookie that says something else says nothing."""
    theme = request.COOKIES.get(COOKIE, "")
    return theme if theme in THEMES else ""


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep the choice and go back to where it was made."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "runs:list"
    response = redirect(back)
    response.status_code = 303
    theme = request.POST.get("theme", "")
    if theme in THEMES and theme:
        response.set_cookie(COOKIE, theme, max_age=COOKIE_SECONDS, samesite="Lax", httponly=True)
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
    return response


urlpatterns = [path("theme", choose_theme, name="choose-theme")]
