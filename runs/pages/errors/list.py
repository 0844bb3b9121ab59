"""`/errors/`: what went wrong lately, each kind of error once."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from orchestrator.pages.export import export_as
from orchestrator.pages.keyset import SIZES, read_size
from orchestrator.pages.page import page, render_page
from runs.pages.errors.groups import KNOWN, ORDERS, Wanted, read_groups

FRAGMENTS = {"groups": "errors/groups.html"}
MOST_PAGES = 200
MOST_EXPORTED = 1_000
COLUMNS = {
    "fingerprint": lambda group: group.fingerprint,
    "type": lambda group: group.type,
    "message": lambda group: group.message,
    "place": lambda group: group.run.error_frame,
    "runs": lambda group: group.count,
    "first seen": lambda group: group.first,
    "last seen": lambda group: group.last,
    "last run": lambda group: group.run.id,
    "flows": lambda group: ", ".join(group.flows),
    "note": lambda group: group.known.note if group.known else "",
    "issue": lambda group: group.known.issue_url if group.known else "",
}


@require_safe
@page
def errors(request: HttpRequest) -> HttpResponseBase:
    wanted = Wanted.from_query(request.GET)
    if "export" in request.GET:
        groups, _ = read_groups(wanted, first=0, most=MOST_EXPORTED)
        file = export_as(request, groups, COLUMNS, "errors")
        if file is not None:
            return file
    number, size = _page_number(request), read_size(request.GET)
    groups, has_more = read_groups(wanted, first=(number - 1) * size, most=size)
    context: dict[str, Any] = {
        "section": "errors",
        "wanted": wanted,
        "time_range": wanted.range,
        "groups": groups,
        "columns": _headers(wanted),
        "known_choices": KNOWN,
        "earlier_page": number - 1 if number > 1 else None,
        "later_page": number + 1 if has_more and number < MOST_PAGES else None,
        "sizes": SIZES,
        "size": size,
    }
    return render_page(request, "errors/list.html", context, fragments=FRAGMENTS)


def _headers(wanted: Wanted) -> list[dict[str, Any]]:
    return [{"sort": sort, "word": word, "is_on": sort == wanted.sort} for sort, word in ORDERS.items()]


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return max(1, min(int(text), MOST_PAGES)) if text.isascii() and text.isdigit() and len(text) < 9 else 1
