"""`{% load filters %}`: links that add a value to the filter of a list, and numbers that can be read."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestrator.pages.filters.selection import Selection
from orchestrator.pages.templatetags.looks import state_badge

register = template.Library()


@register.simple_tag(takes_context=True)
def narrow(context: template.Context, name: str, text: str, css: str = "") -> SafeString:
    """The value as a link that shows only what has it; with the Alt key, all but what has it."""
    selection: Selection = context["filter"]
    style = format_html(' class="{}"', css) if css else ""
    if text in selection.asked(name):
        return format_html('<span{} data-term="{}">{}</span>', style, name, text)
    return format_html('<a{} data-term="{}" href="{}">{}</a>', style, name, selection.url_with(name, text), text)


@register.simple_tag(takes_context=True)
def narrow_state(context: template.Context, word: str, state_type: str | None, state_name: str | None) -> SafeString:
    """The badge of a state as such a link; `word` is what the filter calls the state."""
    badge = state_badge(state_type, state_name)
    selection: Selection = context["filter"]
    if not word or word in selection.asked("state"):
        return badge
    url = selection.url_with("state", word)
    return format_html('<a data-term="state" data-value="{}" href="{}">{}</a>', word, url, badge)


@register.filter
def thousands(number: int) -> str:
    """`12,345`."""
    return f"{number:,}"
