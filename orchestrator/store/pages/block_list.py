"""`/blocks/`: configuration and credentials that flows load by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from orchestrator.pages.export import export_as
from orchestrator.pages.keyset import Order, read_page
from orchestrator.pages.page import page, render_page
from orchestrator.rest.lookups import HasTag
from orchestrator.store.models import BlockDocument, BlockReference, BlockType
from orchestrator.store.pages.letters import Letters, letters_of

ORDERS = (Order("name", "name", "Name"), Order("updated", "updated", "Changed"), Order("created", "created", "Created"))
COLUMNS = {
    "name": lambda row: row.name,
    "type": lambda row: row.block_type.slug,
    "capabilities": lambda row: row.block_schema.capabilities,
    "created": lambda row: row.created,
    "updated": lambda row: row.updated,
}
MOST_TYPES = 300  # to choose from


@dataclass(frozen=True, slots=True)
class Row:
    document: BlockDocument
    letters: Letters
    held_by: int  # blocks that hold it


@require_safe
@page
def block_list(request: HttpRequest) -> HttpResponseBase:
    documents = _chosen(request)
    if (file := export_as(request, documents.order_by("name").iterator(), COLUMNS, "blocks")) is not None:
        return file
    found = read_page(documents, request.GET, ORDERS, usual="name")
    chosen = {name: request.GET.get(name, "").strip() for name in ("q", "type", "can")}
    context: dict[str, Any] = {
        "section": "blocks",
        "page": found,
        "rows": _rows(found.rows),
        **chosen,
        "is_plain": not any(chosen.values()),
    }
    if "fragment" not in request.GET:
        used = BlockType.objects.filter(documents__is_anonymous=False).distinct().order_by("name")
        context["types"] = list(used.values_list("slug", "name")[:MOST_TYPES])
    return render_page(request, "store/blocks.html", context, fragments={"blocks": "store/block_rows.html"})


def _chosen(request: HttpRequest) -> QuerySet[BlockDocument]:
    rows = BlockDocument.objects.filter(is_anonymous=False).select_related("block_type", "block_schema")
    rows = rows.defer("encrypted_data", "block_schema__fields", "block_type__code_example", "block_type__description")
    if q := request.GET.get("q", "").strip():
        rows = rows.filter(Q(name__icontains=q) | Q(block_type__name__icontains=q))
    if slug := request.GET.get("type", "").strip():
        rows = rows.filter(block_type__slug=slug)
    if can := request.GET.get("can", "").strip():
        rows = rows.filter(Q(HasTag("block_schema__capabilities", can)))
    return rows


def _rows(documents: list[BlockDocument]) -> list[Row]:
    held = BlockReference.objects.filter(document__in=documents).order_by().values_list("document")
    counts = dict(held.annotate(Count("pk"))) if documents else {}
    return [Row(one, letters_of(one.block_type.name), counts.get(one.pk, 0)) for one in documents]
