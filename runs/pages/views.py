"""`/views/`: the lists that people saved with their filters, to rename, share, pin, open with, delete."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from orchestrator.pages.actions import action, confirm, done, forbidden, refused
from orchestrator.pages.addresses import address_of
from orchestrator.pages.models import SavedView
from orchestrator.pages.page import no_such, page, render_page
from orchestrator.pages.roles import may
from orchestrator.pages.saved_views import (
    MOST_NAME,
    NameTaken,
    open_with,
    query_to_save,
    reader_of,
    rename_view,
    save_view,
)

SHOWN = 200
LISTS = {"runs": "Runs", "task-runs": "Task runs"}


@dataclass(frozen=True, slots=True)
class Row:
    view: SavedView
    list_word: str
    url: str
    may_change: bool


@require_safe
@page
def views(request: HttpRequest) -> HttpResponseBase:
    reader = reader_of(request)
    may_operate = may(request, "operate")
    found = SavedView.objects.seen_by(reader).select_related("owner").filter(list_kind__in=LISTS)
    rows = [
        Row(
            view,
            LISTS[view.list_kind],
            f"{address_of(view.list_kind)}?{view.address}",
            may_change=may_operate if view.owner_id is None else view.owner_id == reader,
        )
        for view in found[:SHOWN]
    ]
    return render_page(request, "views/page.html", {"section": "views", "rows": rows, "most_name": MOST_NAME})


@action(needs="read")
def save(request: HttpRequest) -> HttpResponseBase:
    """Save the list that the form stands above."""
    kind = request.POST.get("kind", "")
    if kind not in LISTS:
        return refused(request, "There is no such list, so nothing was saved.", "runs:views")
    query = query_to_save(request.POST.get("query", ""))
    back = f"{address_of(kind)}?{query}" if query else address_of(kind)
    name = request.POST.get("name", "").strip()[:MOST_NAME]
    if not name:
        return refused(request, "A view needs a name; nothing was saved.", back)
    view = save_view(owner_id=reader_of(request), kind=kind, name=name, query=query, is_shared=_shares(request))
    return done(request, f"The view {name} is saved.", f"{address_of(kind)}?{view.address}")


@action(needs="read")
def change(request: HttpRequest, view_id: str) -> HttpResponseBase:
    """One button or field of a row of the page."""
    view = SavedView.objects.changed_by(reader_of(request)).filter(pk=int(view_id)).first()
    if view is None:
        return no_such(request, "view", view_id)
    if (view.owner_id is None or request.POST.get("do") == "share") and not may(request, "operate"):
        return forbidden(request)
    match request.POST.get("do", ""):
        case "rename":
            return _rename(request, view)
        case "pin" | "unpin" as what:
            view.is_pinned = what == "pin"
            view.save(update_fields=["is_pinned"])
            words = "stands in the navigation now" if what == "pin" else "no longer stands in the navigation"
            return done(request, f"The view {view.name} {words}.", "runs:views")
        case "share" | "unshare" as what:
            view.is_shared = what == "share"
            view.save(update_fields=["is_shared"])
            words = "is seen by everybody now" if what == "share" else "is yours alone now"
            return done(request, f"The view {view.name} {words}.", "runs:views")
        case "open" | "close" as what:
            open_with(view, by_default=what == "open")
            words = "opens with it now" if what == "open" else "opens without a view again"
            return done(request, f"{LISTS.get(view.list_kind, 'The list')} {words}: {view.name}.", "runs:views")
        case "delete":
            return _delete(request, view)
    return refused(request, "Nothing was chosen, so nothing was changed.", "runs:views")


def _shares(request: HttpRequest) -> bool:
    return request.POST.get("shared") == "1" and may(request, "operate")


def _rename(request: HttpRequest, view: SavedView) -> HttpResponseBase:
    name = request.POST.get("name", "").strip()[:MOST_NAME]
    if not name:
        return refused(request, "A view needs a name; it keeps its old one.", "runs:views")
    try:
        rename_view(view, name)
    except NameTaken:
        return refused(request, f"There is a view called {name} already.", "runs:views")
    return done(request, f"The view is called {name} now.", "runs:views")


def _delete(request: HttpRequest, view: SavedView) -> HttpResponseBase:
    asked = confirm(
        request,
        title=f"Delete the view {view.name}",
        sentence="The list stays; only this way to look at it goes"
        + (", for everybody who sees it." if view.is_shared or view.owner_id is None else "."),
        button="Delete the view",
        back=address_of("views"),
    )
    if asked:
        return asked
    view.delete()
    return done(request, f"The view {view.name} is deleted.", "runs:views")
