"""`/blocks/catalog/`: every type of block that can be created here."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from orchestrator.pages.page import no_such, page, render_page
from orchestrator.rest.lookups import HasTag
from orchestrator.store.errors import BlockTypeNotFound
from orchestrator.store.models import BlockDocument, BlockSchema, BlockType
from orchestrator.store.pages.letters import Letters, letters_of
from orchestrator.store.services.block_schemas import known_capabilities
from orchestrator.store.services.block_types import get_block_type

MOST_TYPES = 300
MOST_DOCUMENTS = 50  # of a type that its page lists


@dataclass(frozen=True, slots=True)
class Entry:
    """A type as pages show it. Its texts came in escaped, and are escaped where they are shown."""

    block_type: BlockType
    letters: Letters
    documents: int = 0

    @property
    def description(self) -> str:
        return html.unescape(self.block_type.description or "")

    @property
    def code_example(self) -> str:
        return html.unescape(self.block_type.code_example or "").strip().removeprefix("```python").strip("`\n ")

    @property
    def documentation(self) -> str:
        """Where it is described; only addresses that a browser may open."""
        address = self.block_type.documentation_url or ""
        return address if address.startswith(("https://", "http://")) else ""


@require_safe
@page
def catalog(request: HttpRequest) -> HttpResponseBase:
    q, can = request.GET.get("q", "").strip(), request.GET.get("can", "").strip()
    types = BlockType.objects.filter(Exists(BlockSchema.objects.filter(block_type=OuterRef("pk"))))
    if q:
        types = types.filter(Q(name__icontains=q) | Q(slug__icontains=q) | Q(description__icontains=q))
    if can:
        able = BlockSchema.objects.filter(Q(HasTag("capabilities", can)), block_type=OuterRef("pk"))
        types = types.filter(Exists(able))
    found = list(types.defer("code_example").order_by("name")[:MOST_TYPES])
    counts = dict(
        BlockDocument.objects.filter(block_type__in=found, is_anonymous=False)
        .order_by()
        .values_list("block_type")
        .annotate(Count("pk"))
    )
    context: dict[str, Any] = {
        "section": "blocks",
        "entries": [Entry(one, letters_of(one.name), counts.get(one.pk, 0)) for one in found],
        "capabilities": known_capabilities(),
        "q": q,
        "can": can,
    }
    return render_page(request, "store/catalog.html", context)


@require_safe
@page
def block_type(request: HttpRequest, slug: str) -> HttpResponseBase:
    try:
        one = get_block_type(Q(slug=slug))
    except BlockTypeNotFound:
        return no_such(request, "block type", slug)
    schema = BlockSchema.objects.filter(block_type=one).order_by("-created", "-id").first()
    documents = BlockDocument.objects.filter(block_type=one, is_anonymous=False).order_by("name")
    shown = list(documents.values_list("pk", "name")[: MOST_DOCUMENTS + 1])
    fields = (schema.fields.get("properties") or {}) if schema else {}
    context: dict[str, Any] = {
        "section": "blocks",
        "entry": Entry(one, letters_of(one.name)),
        "schema": schema,
        "fields": [(name, part) for name, part in fields.items() if isinstance(part, dict)],
        "documents": shown[:MOST_DOCUMENTS],
        "has_more": len(shown) > MOST_DOCUMENTS,
    }
    return render_page(request, "store/block_type.html", context)
