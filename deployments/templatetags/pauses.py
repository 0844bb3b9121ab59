"""`{% load pauses %}{% paused deployment %}`: that it is paused, who did that and when; nothing where it is not."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from deployments.models import Deployment, DeploymentSchedule
from deployments.pages.pauses import pause_of
from orchestrator.pages.templatetags.looks import ago, icon

register = template.Library()


@register.simple_tag
def paused(row: Deployment | DeploymentSchedule | None, *, word: str = "Paused") -> SafeString | str:
    """Icon, word, who and when."""
    pause = pause_of(row) if row is not None else None
    if pause is None:
        return ""
    who = format_html('<a href="{}">{}</a>', pause.url, pause.who) if pause.url else pause.who
    told = format_html(' <span class="muted">{} {}</span>', who, ago(pause.at)) if pause.at else ""
    return format_html('<span class="badge tone-paused">{}{}</span>{}', icon("pause"), word, told)


@register.simple_tag
def moment(value: datetime) -> SafeString:
    """A time on the clock that it carries itself, be it another than the reader's: `Mon 23 Nov 2026 02:30 CET`."""
    return format_html(
        '<time datetime="{}">{}</time>', value.isoformat(timespec="seconds"), f"{value:%a %-d %b %Y %H:%M:%S %Z}"
    )
