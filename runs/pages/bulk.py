"""`/runs/bulk`: what is to be done to many runs, asked once more, and what was done so far."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.views.decorators.http import require_http_methods

from orchestrator.contract.times import parse_time
from orchestrator.pages.actions import action, confirm, done, reason_given, refused
from orchestrator.pages.page import page, render_page
from runs.models import BulkAction, FlowRun
from runs.pages.bulk_words import DEEDS, number_of_runs
from runs.pages.run_filter import matching_runs
from runs.services.bulk.asking import Preview, most_at_once, preview_bulk_action, start_bulk_action

SHOWN = 50  # bulk actions in the list
MOST_TAG = 200  # characters
STATES = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")  # that can be set


@require_http_methods(["GET", "HEAD", "POST"])
def bulk(request: HttpRequest) -> HttpResponseBase:
    """The list of what was done; posted, one more."""
    answer: HttpResponseBase = _ask(request) if request.method == "POST" else _list(request)
    return answer


@page
def _list(request: HttpRequest) -> HttpResponse:
    actions = BulkAction.objects.order_by("-id")[:SHOWN]
    context = {"section": "runs", "actions": [(one, DEEDS[one.deed]) for one in actions], "shown": SHOWN}
    return render_page(request, "bulk/list.html", context)


@action
def _ask(request: HttpRequest) -> HttpResponseBase:
    """Show what would happen; once confirmed, begin it."""
    deed, back = request.POST.get("do", ""), _back(request)
    if deed not in BulkAction.Deed.values:
        return refused(request, "Nothing was chosen to be done, so nothing was changed.", back)
    options, problem = _options(request, deed)
    if problem:
        return refused(request, problem, back)
    runs = _runs(request)
    words = DEEDS[deed]
    preview = preview_bulk_action(deed=deed, options=options, runs=runs)
    if not preview.touched:
        why = "; ".join(f"{number} because {reason}" for reason, number in preview.passed_over)
        return refused(request, f"No run was {words.done}: {why or 'none is selected'}.", back)
    asked = confirm(
        request,
        title=f"{words.verb} {number_of_runs(preview.touched)}",
        sentence=words.sentence.format(**options),
        button=f"{words.verb} {number_of_runs(preview.touched)}",
        rows=_rows(preview),
        back=back,
        reason=True,
    )
    if asked:
        return asked
    started = start_bulk_action(
        deed=deed,
        options=options,
        runs=runs,
        reason=reason_given(request),
        query=request.POST.get("query", "") if _means_all(request) else "",
        asked_by=request.user if request.user.is_authenticated else None,
    )
    return done(request, f"It has begun with {number_of_runs(started.total)}.", "runs:bulk-action", started.pk)


def _runs(request: HttpRequest) -> QuerySet[FlowRun]:
    """Those that are meant: all that match the filter of the list, or those that were selected."""
    if _means_all(request):
        runs = matching_runs(QueryDict(request.POST.get("query", "")), now=timezone.now())
        seen = _time(request.POST.get("seen", ""))
        return runs.filter(created__lte=seen) if seen else runs  # what came since the list was looked at is not meant
    ids = []
    for text in request.POST.getlist("run")[: most_at_once()]:
        try:
            ids.append(UUID(text))
        except ValueError:
            continue
    return FlowRun.objects.newest_first().filter(pk__in=ids)


def _time(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except ValueError:
        return None


def _means_all(request: HttpRequest) -> bool:
    return request.POST.get("all") == "1"


def _options(request: HttpRequest, deed: str) -> tuple[dict[str, Any], str]:
    """What the deed needs to know, and what is wrong with it."""
    if deed == BulkAction.Deed.SET_STATE:
        state = request.POST.get("state", "")
        return {"state": state}, "" if state in STATES else "There is no such state to set, so nothing was changed."
    if deed == BulkAction.Deed.ADD_TAG:
        tag = request.POST.get("tag", "").strip()[:MOST_TAG]
        return {"tag": tag}, "" if tag else "Say which tag to add; nothing was changed."
    return {}, ""


def _rows(preview: Preview) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = [
        ("By state", ", ".join(f"{number:,} {name}" for name, number in preview.by_state)),
        ("For example", ", ".join(preview.examples)),
    ]
    if preview.passed_over:
        lines = format_html_join("", "<li>{}: {}</li>", ((f"{number:,}", why) for why, number in preview.passed_over))
        rows.append(("Left alone", lines))
    if preview.is_cut:
        most = f"{most_at_once():,}"
        rows.append(
            ("Not all", f"More runs match. One action touches {most} at most: the newest ones. Repeat it then.")
        )
    return rows


def _back(request: HttpRequest) -> str:
    query = request.POST.get("query", "")
    return f"{reverse('runs:list')}?{query}" if query else reverse("runs:list")
