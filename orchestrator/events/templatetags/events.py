"""`{% load events %}`: resources of events in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestrator.events.models import Event
from orchestrator.events.pages.rows import Thing
from orchestrator.pages.addresses import address_of_event as address

register = template.Library()


@register.simple_tag
def thing(shown: Thing) -> SafeString:
    """A resource: what kind it is, and its name, which leads to its page where it has one."""
    name = format_html('<a href="{}">{}</a>', shown.url, shown.name) if shown.url else format_html("{}", shown.name)
    kind = shown.kind or shown.role
    return format_html('<span class="muted">{}</span> {}', kind, name) if kind else name


@register.simple_tag
def address_of_event(event: Event) -> str:
    return address(event.occurred, event.id)


@register.filter
def at(rows: Mapping[Any, Any], key: Any) -> Any:
    return rows.get(key)
