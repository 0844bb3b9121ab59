"""`{% load ranges %}`: what `kit/time_range.html` needs beyond the range itself."""

from __future__ import annotations

from datetime import UTC, datetime

from django import template
from django.utils import timezone

from orchestrator.pages.time_range import TimeRange

register = template.Library()


@register.simple_tag(takes_context=True)
def earlier_window(context: template.Context, chosen: TimeRange) -> str | None:
    return chosen.previous_url(context["request"])


@register.simple_tag(takes_context=True)
def later_window(context: template.Context, chosen: TimeRange) -> str | None:
    return chosen.next_url(context["request"])


@register.simple_tag
def readers_zone() -> str:
    """The name of the zone that times without an offset are typed in; nothing for UTC."""
    zone = timezone.get_current_timezone()
    return "" if zone is UTC or str(zone) == "UTC" else str(zone)


@register.filter
def typed(moment: datetime | None) -> str:
    """A moment as an input of the type datetime-local holds it, in the reader's zone."""
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}" if moment else ""
