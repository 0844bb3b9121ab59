"""`{% load log_lines %}`: lines of a log."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.safestring import SafeString

from orchestrator.pages.pieces import piece, pieces
from runs.pages.logs.lines import Line

register = template.Library()


@register.simple_tag
def log_lines(lines: Sequence[Line]) -> SafeString:
    """A list item for each. Put together here: a page has hundreds, and a template takes several times as long."""
    return pieces(
        '<li id="L{}"{}><p><a href="#L{}">{}</a> <b>{}</b></p>{}{}</li>',
        (
            (line.id, _classes(line), line.id, line.stamp, line.level_word, _task(line), _message(line))
            for line in lines
        ),
    )


def _classes(line: Line) -> SafeString | str:
    return piece(' class="{}"', line.classes) if line.classes else ""


def _task(line: Line) -> SafeString | str:
    return piece("<i>{}</i>", line.task) if line.task else ""


def _message(line: Line) -> SafeString:
    return piece("<div>{}</div>" if line.is_folded else "<span>{}</span>", line.html)
