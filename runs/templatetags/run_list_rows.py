"""`{% load run_list_rows %}`: rows of the list of runs."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.safestring import SafeString

from orchestrator.pages.addresses import address_of
from orchestrator.pages.filters.selection import Selection
from orchestrator.pages.pieces import piece, pieces
from orchestrator.pages.templatetags.filters import narrowing_link, narrowing_state
from orchestrator.pages.templatetags.looks import ago, lasted
from orchestrator.pages.words import duration_words
from runs.models import FlowRun
from runs.pages.reasons import Reason
from runs.pages.run_columns import Cell
from runs.pages.run_rows import Row, Tasks

MOST_TAGS = 4
_SHORT = 40  # characters that a cell has room for; more are shown on hover

register = template.Library()


@register.simple_tag(takes_context=True)
def run_list_rows(context: template.Context, rows: Sequence[Row], can_choose: bool) -> SafeString:
    """A table row for each. Put together here: a page has a hundred, and a template takes several times as long."""
    selection: Selection = context["filter"]
    return pieces(
        '<tr id="run-{}">{}<td class="state">{}</td><td class="name"><a href="{}">{}</a></td><td class="flow">{}</td>'
        '<td class="started">{}</td><td class="lasted">{}{}</td><td class="tally">{}</td>{}{}<td class="tags">{}</td>'
        "</tr>",
        (
            (
                row.run.pk,
                _choice(row.run) if can_choose else "",
                narrowing_state(selection, row.state_word, row.run.state_type, row.run.state_name),
                address_of("flow-run", row.run.pk),
                row.run.name,
                _flow(selection, row.run),
                ago(row.run.sort_time),
                _lapse(row),
                lasted(row.seconds, row.running_since),
                _tasks(row.tasks) if row.tasks else "",
                _cells(selection, row.cells),
                _why(row.reason),
                _tags(selection, row.run),
            )
            for row in rows
        ),
    )


def _choice(run: FlowRun) -> SafeString:
    return piece(
        '<td class="pick"><input type="checkbox" name="run" value="{}" aria-label="{}"></td>', run.pk, run.name
    )


def _flow(selection: Selection, run: FlowRun) -> SafeString:
    flow = narrowing_link(selection, "flow", run.flow.name)
    if run.deployment is None:
        return flow
    deployment = narrowing_link(selection, "deployment", run.deployment.name)
    return piece('{} <span class="muted">/ {}</span>', flow, deployment)


def _lapse(row: Row) -> SafeString | str:
    if row.lapse is None:
        return ""
    usual: SafeString | str = ""
    if row.lapse.usual:
        words = duration_words(row.lapse.usual)
        usual = piece('<title>usually {}</title><path class="usual" d="M20 0v8"/>', words)
    return piece(
        '<svg class="lapse tone-{}" aria-hidden="true"><path d="M0 0h{}v8H0"/>{}</svg>',
        row.tone,
        row.lapse.width,
        usual,
    )


def _tasks(tasks: Tasks) -> SafeString:
    failed: SafeString | str = ""
    if tasks.failed:
        failed = piece('<rect class="tone-failed" x="{}" width="{}"/>', tasks.done_share, tasks.failed_share)
    return piece(
        '<svg class="meter" aria-hidden="true"><rect class="tone-completed" width="{}"/>{}</svg>{}',
        tasks.done_share,
        failed,
        tasks.words,
    )


def _cells(selection: Selection, cells: Sequence[Cell]) -> SafeString:
    shown = ((narrowing_link(selection, cell.term, cell.text) if cell.term else cell.text,) for cell in cells)
    return pieces('<td class="extra">{}</td>', shown)


def _why(reason: Reason) -> SafeString:
    title = piece(' title="{}"', reason.text) if len(reason.text) > _SHORT else ""
    link = piece(' <a href="{}">{}</a>', reason.url, reason.link) if reason.url else ""
    css = " bad tone-failed" if reason.is_bad else ""
    return piece('<td class="why{}"{}>{}{}</td>', css, title, reason.words, link)


def _tags(selection: Selection, run: FlowRun) -> SafeString:
    links = ((narrowing_link(selection, "tag", tag, "tag"),) for tag in run.tags[:MOST_TAGS])
    return pieces("{} ", links)
