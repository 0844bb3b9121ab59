"""How a reader wants the pages: zone of times, density, colours, single keys. Kept in cookies of the browser, so that
a page is right from its first moment, and so that a server without accounts can do it too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from orchestrator.pages.actions import safe_next, see_other
from orchestrator.pages.addresses import address_of

COOKIE_SECONDS = 365 * 24 * 3600
ZONE = "zone"  # the reader's choice; nothing: that of the browser
BROWSER_ZONE = "browser_zone"  # what `static/js/preferences.js` found out
THEMES = {"": "Auto", "light": "Light", "dark": "Dark"}  # "" is what the system prefers
DENSITIES = {"compact": "Compact, 24 px a row", "": "Usual, 28 px a row", "comfortable": "Comfortable, 36 px a row"}
PALETTES = {"": "Usual: green, red, amber", "safe": "For colour-vision deficiencies: blue, orange, black"}
KEYS = {"": "On", "off": "Off"}
_CHOICES = {"theme": THEMES, "density": DENSITIES, "palette": PALETTES, "keys": KEYS}


@dataclass(frozen=True, slots=True)
class Preferences:
    """Empty words stand for what is usual. A cookie that says something unknown says nothing."""

    theme: str = ""
    density: str = ""
    palette: str = ""
    keys: str = ""
    zone: str = ""
    browser_zone: str = ""

    @property
    def time_zone(self) -> tzinfo:
        return zone_named(self.zone) or zone_named(self.browser_zone) or UTC

    @property
    def zone_word(self) -> str:
        return self.zone or self.browser_zone or "UTC"


def preferences_of(request: HttpRequest) -> Preferences:
    words = {name: request.COOKIES.get(name, "") for name in _CHOICES}
    zones = {name: request.COOKIES.get(name, "") for name in (ZONE, BROWSER_ZONE)}
    return Preferences(
        **{name: word for name, word in words.items() if word in _CHOICES[name]},
        **{name: word for name, word in zones.items() if zone_named(word) is not None},
    )


@lru_cache(maxsize=64)
def zone_named(name: str) -> tzinfo | None:
    """None for what is no zone. Only the names that are known are looked up: a name is a path to a file."""
    if name == "UTC":
        return UTC
    return ZoneInfo(name) if name in zone_names() else None


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


class ReadersZone:
    """Middleware: while a page is made, the current zone is that of its reader. The API answers in UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/api/"):
            return self.get_response(request)
        with timezone.override(preferences_of(request).time_zone):
            return self.get_response(request)


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep what the form says, leave the rest as it is, and go back to where it was said."""
    response = see_other(safe_next(request) or address_of("overview"))
    for name, words in _CHOICES.items():
        if name in request.POST:
            _keep(response, name, request.POST[name], is_known=request.POST[name] in words)
    if ZONE in request.POST:
        _keep_zone(request, response, request.POST[ZONE].strip())
    return response


def _keep_zone(request: HttpRequest, response: HttpResponse, name: str) -> None:
    if name and zone_named(name) is None:
        messages.error(
            request, f"There is no time zone “{name[:60]}”. One looks like Europe/Berlin. Nothing was changed."
        )
    else:
        _keep(response, ZONE, name, is_known=True)


def _keep(response: HttpResponse, name: str, word: str, *, is_known: bool) -> None:
    if word and is_known:
        # The key `t` switches zones, so that cookie is not closed to the script.
        response.set_cookie(name, word, max_age=COOKIE_SECONDS, samesite="Lax", httponly=name != ZONE)
    else:
        response.delete_cookie(name, samesite="Lax")


urlpatterns = [path("theme", choose, name="choose-theme"), path("preferences", choose, name="choose-preferences")]
