"""`/errors/<fingerprint>`: one kind of error, the runs that it ended, and what is known about it."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from orchestrator.pages.actions import action, done, refused
from orchestrator.pages.addresses import address_of
from orchestrator.pages.export import export_as
from orchestrator.pages.keyset import SIZES, Order, read_page
from orchestrator.pages.page import no_such, page, render_page
from orchestrator.pages.time_range import TimeRange, url_between
from runs.errors import InvalidIssueAddress
from runs.models import FlowRun
from runs.pages.errors.groups import failed_runs, read_group, read_trend
from runs.services.known_errors import LONGEST_NOTE, forget_known, mark_known

ORDERS = (Order("ended", "end_time", "Ended"),)
FRAGMENTS = {name: f"errors/group_{name}.html" for name in ("trend", "runs")}
COLUMNS = {
    "run": lambda run: run.name,
    "id": lambda run: run.id,
    "flow": lambda run: run.flow.name,
    "state": lambda run: run.state_name,
    "ended": lambda run: run.end_time,
    "error": lambda run: run.error_words,
}


@require_safe
@page
def error(request: HttpRequest, fingerprint: str) -> HttpResponseBase:
    range_ = TimeRange.from_query(request.GET, usual="7d")
    group = read_group(fingerprint, range_)
    if group is None:
        return no_such(request, "kind of error", fingerprint)
    runs = failed_runs(range_).filter(error_fingerprint=fingerprint).select_related("flow", "deployment")
    file = export_as(request, runs.order_by("-end_time", "-id").iterator(), COLUMNS, f"error-{fingerprint}")
    if file is not None:
        return file
    fragment = request.GET.get("fragment")
    context: dict[str, Any] = {
        "section": "errors",
        "group": group,
        "run": group.run,
        "time_range": range_,
        "longest_note": LONGEST_NOTE,
        "runs_address": f"{address_of('runs')}?{_same_runs(fingerprint, request)}&subflows=1",
        "runs_query": _same_runs(fingerprint, request),
        # Others can only be begun again by the program that began them.
        "tries_again": fragment is None and runs.filter(deployment__isnull=False).exists(),
    }
    if fragment in (None, "trend"):
        context["bars"] = read_trend(fingerprint, range_, partial(url_between, request))
    if fragment in (None, "runs"):
        context["page"] = read_page(runs, request.GET, ORDERS, usual="-ended")
        context["sizes"] = SIZES
    return render_page(request, "errors/group.html", context, fragments=FRAGMENTS)


@action
def mark(request: HttpRequest, fingerprint: str) -> HttpResponseBase:
    if not FlowRun.objects.filter(error_fingerprint=fingerprint).exists():
        return no_such(request, "kind of error", fingerprint)
    by = request.user.get_username() if request.user.is_authenticated else ""
    note, issue = request.POST.get("note", ""), request.POST.get("issue", "")
    if not note.strip() and not issue.strip():
        return refused(request, "Write a note or the address of an issue; nothing was kept.", "runs:error", fingerprint)
    try:
        mark_known(fingerprint=fingerprint, note=note, issue_url=issue, by=by)
    except InvalidIssueAddress as problem:
        return refused(request, f"{problem}. Nothing was kept.", "runs:error", fingerprint)
    return done(request, "The error is marked as known.", "runs:error", fingerprint)


@action
def forget(request: HttpRequest, fingerprint: str) -> HttpResponseBase:
    if forget_known(fingerprint=fingerprint):
        return done(request, "The error is no longer marked as known.", "runs:error", fingerprint)
    return refused(request, "The error was not marked as known.", "runs:error", fingerprint)


def _same_runs(fingerprint: str, request: HttpRequest) -> str:
    """The filter of the list of runs that shows the runs of this page."""
    given = {name: request.GET[name] for name in ("range", "from", "to", "tz") if request.GET.get(name)}
    return urlencode({"fingerprint": fingerprint} | (given or {"range": "7d"}))
