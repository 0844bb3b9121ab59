"""`{% load filters %}`: links that add a value to the filter of a list, and numbers that can be read."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestrator.pages.filters.selection import Selection

register = template.Library()


@register.simple_tag(takes_context=True)
def narrow(context: template.Context, name: str, text: str, css: str = "") -> SafeString:
    """The value as a link that shows only what has it; with the Alt key, all but what has it."""
    selection: Selection = context["filter"]
    style = format_html(' class="{}"', css) if css else ""
    return format_html('<a{} data-term="{}" href="{}">{}</a>', style, name, selection.url_with(name, text), text)


@register.filter
def thousands(number: int) -> str:
    """`12,345`."""
    return f"{number:,}"
