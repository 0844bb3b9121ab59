"""`/settings/`: how a reader wants the pages, what the keys do, and what the server runs with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestrator.dashboard.keyboard import GROUPS
from orchestrator.pages.page import page, render_page
from orchestrator.pages.preferences import DENSITIES, KEYS, PALETTES, THEMES, preferences_of
from orchestrator.rest.server_settings import MASK, settings_answer

USUAL_SECTION = "server.api"
MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Setting:
    """`name` is its path in the contract's sections, such as `server.api.port`."""

    name: str
    value: str
    is_masked: bool

    @property
    def section(self) -> str:
        """`server.api`, `client`; those that stand in none are in `server`."""
        above = self.name.split(".")[:-1]
        return ".".join(above[:2] if above[:1] == ["server"] else above[:1]) or "server"


@require_safe
@page
def settings_page(request: HttpRequest) -> HttpResponseBase:
    words = request.GET.get("q", "").strip()[:100]
    every = list(_flat(settings_answer()))
    sections = sorted({one.section for one in every})
    section = request.GET.get("section", USUAL_SECTION)
    found = _matching(every, words) if words else [one for one in every if one.section == section]
    context: dict[str, Any] = {
        "section": "settings",
        "now": timezone.now(),
        "choices": [
            ("theme", "Colours", THEMES),
            ("density", "Density of tables", DENSITIES),
            ("palette", "Colours of states", PALETTES),
            ("keys", "Single keys", KEYS),
        ],
        "reader": preferences_of(request),
        "zone_now": _zone_words(timezone.localtime()),
        "groups": GROUPS,
        "words": words,
        "sections": sections,
        "chosen_section": "" if words else section,
        "found": found[:MOST_SHOWN],
        "left_out": max(0, len(found) - MOST_SHOWN),
        "number": len(every),
    }
    return render_page(
        request,
        "settings/page.html",
        context,
        fragments={"keys": "settings/keys.html", "server": "settings/server.html"},
    )


def _matching(every: list[Setting], words: str) -> list[Setting]:
    """Those that have each word in their name or value."""
    wanted = words.casefold().split()
    return [one for one in every if all(word in f"{one.name} {one.value}".casefold() for word in wanted)]


def _flat(values: dict[str, Any], above: str = "") -> Iterator[Setting]:
    for key, value in values.items():
        name = f"{above}.{key}" if above else key
        if isinstance(value, dict) and value:
            yield from _flat(value, name)
        else:
            yield Setting(name, _words(value), value == MASK)


def _words(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | dict):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _zone_words(there: datetime) -> str:
    return f"{there:%H:%M}, {there.tzname()}"
