"""`{% load timeline_bars %}`: bars of the timeline."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.safestring import SafeString

from orchestrator.pages.pieces import piece, pieces
from runs.pages.timeline.drawn import Bar

register = template.Library()


@register.simple_tag
def timeline_bars(bars: Sequence[Bar]) -> SafeString:
    """A link for each. Put together here: a page has hundreds, and a template takes several times as long."""
    return pieces(
        '<a href="{}"{} class="tone-{}"><title>{}</title>'
        '<rect class="mark{}" x="{}%" y="5" width="{}%" height="16" rx="3"{}/></a>',
        (
            (
                bar.url,
                _task(bar),
                bar.tone,
                bar.title,
                " critical" if bar.is_critical else "",
                bar.x,
                bar.width,
                _end(bar),
            )
            for bar in bars
        ),
    )


def _task(bar: Bar) -> SafeString | str:
    return piece(' data-task="{}"', bar.task_id) if bar.task_id else ""


def _end(bar: Bar) -> SafeString | str:
    """What goes on grows in the browser."""
    return piece(' data-grow="{}"', bar.since.timestamp()) if bar.since else ""
