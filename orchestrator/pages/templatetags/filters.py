"""`{% load filters %}`: links that add a value to the filter of a list, and numbers that can be read."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.utils.safestring import SafeString

from orchestrator.pages.filters.selection import Selection
from orchestrator.pages.pieces import piece
from orchestrator.pages.templatetags.looks import state_badge

register = template.Library()


@register.simple_tag(takes_context=True)
def narrow(context: template.Context, name: str, text: str, css: str = "") -> SafeString:
    """The value as a link that shows only what has it; with the Alt key, all but what has it."""
    return narrowing_link(context["filter"], name, text, css)


def narrowing_link(selection: Selection, name: str, text: str, css: str = "") -> SafeString:
    """`narrow` for rows that are put together without a template."""
    if text in selection.asked(name):
        return _span(name, text, css)
    return _link(name, selection.url_with(name, text), text, css)


@register.simple_tag(takes_context=True)
def narrow_state(context: template.Context, word: str, state_type: str | None, state_name: str | None) -> SafeString:
    """The badge of a state as such a link; `word` is what the filter calls the state."""
    return narrowing_state(context["filter"], word, state_type, state_name)


def narrowing_state(selection: Selection, word: str, state_type: str | None, state_name: str | None) -> SafeString:
    """`narrow_state` for rows that are put together without a template."""
    badge = state_badge(state_type, state_name)
    if not word or word in selection.asked("state"):
        return badge
    return _state_link(word, selection.url_with("state", word), badge)


# Most rows of a list have the same values, so what they look like is put together once. By type: what is safe as it
# is equals the same text that is not.


@lru_cache(maxsize=1_000, typed=True)
def _span(name: str, text: str, css: str) -> SafeString:
    return piece('<span{} data-term="{}">{}</span>', _style(css), name, text)


@lru_cache(maxsize=1_000, typed=True)
def _link(name: str, url: str, text: str, css: str) -> SafeString:
    return piece('<a{} data-term="{}" href="{}">{}</a>', _style(css), name, url, text)


@lru_cache(maxsize=1_000, typed=True)
def _state_link(word: str, url: str, badge: SafeString) -> SafeString:
    return piece('<a data-term="state" data-value="{}" href="{}">{}</a>', word, url, badge)


def _style(css: str) -> SafeString | str:
    return piece(' class="{}"', css) if css else ""


@register.filter
def thousands(number: int) -> str:
    """`12,345`."""
    return f"{number:,}"
