"""`{% load looks %}`: states, times and durations, the same on every page."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from orchestrator.contract.times import format_time
from orchestrator.pages import navigation
from orchestrator.pages.looks import look_of
from orchestrator.pages.pieces import piece
from orchestrator.pages.preferences import THEMES, Preferences, preferences_of
from orchestrator.pages.words import MINUTE, day_words, distance_words, duration_words, exact_words

_SHORT_STATE = 12  # letters
_OF_A_PART = ("fragment", "after")  # what an address says of a part of a page

register = template.Library()

register.filter("duration", duration_words)


@register.simple_tag
def icon(name: str) -> SafeString:
    return piece('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def state_badge(state_type: str | None, state_name: str | None) -> SafeString:
    """Icon and word on the soft colour of the state."""
    return _badge(state_type, state_name)


@lru_cache(maxsize=200, typed=True)  # a list has few states, and text that is safe equals text that is not
def _badge(state_type: str | None, state_name: str | None) -> SafeString:
    look = look_of(state_type, state_name)
    # A list cuts what is longer than nearly all states; those who wrote a flow may call theirs anything.
    title = piece(' title="{}"', look.word) if len(look.word) > _SHORT_STATE else ""
    return piece('<span class="badge tone-{}"{}>{}{}</span>', look.tone, title, icon(look.icon), look.word)


@register.simple_tag
def ago(moment: datetime | None) -> SafeString | str:
    """How long ago, with the exact time on hover. The browser keeps it up to date."""
    if moment is None:
        return ""
    return piece(
        '<time data-ago datetime="{}" title="{}">{}</time>',
        format_time(moment),
        exact_words(moment),
        distance_words(moment, timezone.now()),
    )


@register.simple_tag
def heard(moment: datetime | None) -> SafeString | str:
    """As `ago`, but the last minute is one: of what gives a sign of life all the time, only silence is news."""
    if moment is not None and (timezone.now() - moment).total_seconds() < MINUTE:
        return "in the last minute"
    return ago(moment)


@register.simple_tag
def clock(moment: datetime | None) -> SafeString | str:
    """The time of day in the reader's zone, with the exact time on hover."""
    if moment is None:
        return ""
    return _exact_time(moment, f"{timezone.localtime(moment):%H:%M:%S}")


@register.simple_tag
def when(moment: datetime | None) -> SafeString | str:
    """`22:00`, `Mon 04:00` or `3 Dec 04:00` in the reader's zone, whichever suffices, with the exact time on hover."""
    return "" if moment is None else _exact_time(moment, day_words(moment, timezone.now()))


@register.simple_tag
def lasted(seconds: float | None, since: datetime | None = None) -> SafeString | str:
    """A duration in words. With `since`, it goes on: that is when it would have begun had it never paused."""
    if since is None:
        return duration_words(seconds)
    return piece('<span data-since="{}">{}</span>', format_time(since), duration_words(seconds))


@register.filter
def compact_json(value: Any) -> str:
    """JSON on one line, as parameters are shown."""
    return json.dumps(value, ensure_ascii=False, default=str)


@register.filter
def pretty_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


@register.simple_tag(takes_context=True)
def preferences(context: template.Context) -> Preferences:
    """How this reader wants the pages."""
    return preferences_of(context["request"])


@register.simple_tag
def all_themes() -> list[tuple[str, str]]:
    """Every theme with its word."""
    return list(THEMES.items())


@register.simple_tag(takes_context=True, name="navigation")
def navigation_by(context: template.Context, name: str) -> SafeString:
    """What the navigation offers on this page, as a template draws it: `{% navigation "navigation.html" %}`."""
    return navigation.drawn(context["request"], name)


@register.simple_tag(takes_context=True)
def with_query(context: template.Context, **changes: Any) -> str:
    """The address of this page with some query parameters changed, or removed where the value is None."""
    asked = dict(context["request"].GET.lists())
    given: dict[str, list[Any]] = {name: [] if value is None else [value] for name, value in changes.items()}
    pairs = [
        (name, value)
        for name, values in (asked | given).items()
        if name not in _OF_A_PART or name in changes
        for value in values
    ]
    return f"?{urlencode(pairs)}" if pairs else context["request"].path


def _exact_time(moment: datetime, words: str) -> SafeString:
    return piece('<time datetime="{}" title="{}">{}</time>', format_time(moment), exact_words(moment), words)
