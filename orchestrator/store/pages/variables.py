"""`/variables/`: named values that flows read; created, changed and deleted in place."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from orchestrator.pages.actions import action, confirm, done
from orchestrator.pages.addresses import address_of
from orchestrator.pages.export import export_as
from orchestrator.pages.keyset import Order, read_page
from orchestrator.pages.page import no_such, page, render_page
from orchestrator.pages.schema_forms import show_short
from orchestrator.rest.lookups import HasTag
from orchestrator.store.errors import AlreadyExists, VariableNotFound
from orchestrator.store.models import Variable
from orchestrator.store.pages.variable_forms import Draft, draft_in, draft_of, wanted_of
from orchestrator.store.services.variables import create_variable, delete_variable, get_variable, update_variable

ORDERS = (Order("name", "name", "Name"), Order("updated", "updated", "Changed"), Order("created", "created", "Created"))
COLUMNS = {
    "name": lambda row: row.name,
    "value": lambda row: row.value,
    "tags": lambda row: row.tags,
    "created": lambda row: row.created,
    "updated": lambda row: row.updated,
}
TAUGHT = 'Variable.get("{}")'


@require_safe
@page
def variables(request: HttpRequest) -> HttpResponseBase:
    found = _chosen(request)
    if (file := export_as(request, found.order_by("name").iterator(), COLUMNS, "variables")) is not None:
        return file
    return _page(request)


@require_safe
@page
def variable(request: HttpRequest, variable_id: UUID) -> HttpResponseBase:
    try:
        one = get_variable(Q(pk=variable_id))
    except VariableNotFound:
        return no_such(request, "variable", variable_id)
    context = {"section": "variables", "variable": one, "draft": draft_of(one), "code": TAUGHT.format(one.name)}
    return render_page(request, "store/variable.html", context)


@action
def create(request: HttpRequest) -> HttpResponseBase:
    draft = draft_in(request.POST)
    wanted = wanted_of(draft)
    if wanted is None:
        return _page(request, new=draft, status=422)
    try:
        made = create_variable(name=wanted.name, value=wanted.value, tags=wanted.tags)
    except AlreadyExists:
        draft.errors["name"] = "There is a variable of this name already."
        return _page(request, new=draft, status=422)
    return done(request, f"The variable {made.name} was created.", address_of("variables"))


@action
def change(request: HttpRequest, variable_id: UUID) -> HttpResponseBase:
    draft = draft_in(request.POST)
    draft.variable_id = str(variable_id)
    wanted = wanted_of(draft)
    if wanted is None:
        return _page(request, edited=draft, status=422)
    changes = {"name": wanted.name, "value": wanted.value, "tags": wanted.tags}
    try:
        changed = update_variable(Q(pk=variable_id), changes=changes)
    except VariableNotFound:
        return no_such(request, "variable", variable_id)
    except AlreadyExists:
        draft.errors["name"] = "There is a variable of this name already."
        return _page(request, edited=draft, status=422)
    return done(request, f"The variable {changed.name} was changed.", address_of("variables"))


@action
def delete(request: HttpRequest, variable_id: UUID) -> HttpResponseBase:
    try:
        one = get_variable(Q(pk=variable_id))
    except VariableNotFound:
        return no_such(request, "variable", variable_id)
    asks = confirm(
        request,
        title=f"Delete the variable {one.name}?",
        sentence="Flows that read it get their own default from then on, or fail where they have none.",
        button="Delete",
        rows=[("Value", show_short(one.value)), ("Tags", ", ".join(map(str, one.tags)) or "none")],
        back=address_of("variables"),
    )
    if asks is not None:
        return asks
    delete_variable(Q(pk=variable_id))
    return done(request, f"The variable {one.name} was deleted.", address_of("variables"))


def _chosen(request: HttpRequest) -> QuerySet[Variable]:
    rows = Variable.objects.all()
    if q := request.GET.get("q", "").strip():
        rows = rows.filter(name__icontains=q)
    if tag := request.GET.get("tag", "").strip():
        rows = rows.filter(Q(HasTag("tags", tag)))
    return rows


def _page(
    request: HttpRequest, *, new: Draft | None = None, edited: Draft | None = None, status: int = 200
) -> HttpResponseBase:
    """`new`: the draft of one that could not be created; `edited`: of one that could not be changed."""
    found = read_page(_chosen(request), request.GET, ORDERS, usual="name")
    wanted = request.GET.get("edit", "")
    if edited is None and wanted:
        edited = next((draft_of(row) for row in found.rows if str(row.pk) == wanted), None)
    apart = edited is not None and edited.variable_id not in {str(row.pk) for row in found.rows}
    context: dict[str, Any] = {
        "section": "variables",
        "page": found,
        "rows": found.rows,
        "new": new or Draft(),
        "edited": edited,
        "edited_apart": edited if apart else None,
        "q": request.GET.get("q", ""),
        "tag": request.GET.get("tag", ""),
        "is_plain": not (request.GET.get("q") or request.GET.get("tag")),
    }
    answer = render_page(request, "store/variables.html", context, fragments={"variables": "store/variable_rows.html"})
    answer.status_code = status
    return answer
