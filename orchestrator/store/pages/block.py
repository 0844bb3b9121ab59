"""`/blocks/block/<id>`: what a block holds, with its secrets masked, and what holds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from orchestrator.pages.actions import action, confirm, done
from orchestrator.pages.addresses import address_of
from orchestrator.pages.page import no_such, page, render_page
from orchestrator.store.errors import BlockDocumentNotFound, CannotDecrypt
from orchestrator.store.models import BlockDocument, BlockReference
from orchestrator.store.pages.block_catalog import Entry
from orchestrator.store.pages.letters import letters_of
from orchestrator.store.services.block_contents import Contents, full_document, own_data
from orchestrator.store.services.block_documents import delete_block_document, find_block_document
from orchestrator.store.services.revealing import reveal_block_document

MOST_HOLDERS = 50  # that a page lists


@dataclass(frozen=True, slots=True)
class Value:
    """A field of a block. `document` is the block that it holds, None for a value of its own."""

    name: str
    value: Any
    document: BlockDocument | None = None

    @property
    def is_text(self) -> bool:
        return isinstance(self.value, str)


@require_safe
@page
def block(request: HttpRequest, document_id: UUID) -> HttpResponseBase:
    document = find_block_document(document_id)
    if document is None:
        return no_such(request, "block", document_id)
    return _page(request, document, full_document(document))


@action(needs="administer")
def reveal(request: HttpRequest, document_id: UUID) -> HttpResponseBase:
    """The page with its secrets, once; who asked for them is written down."""
    try:
        contents = reveal_block_document(document_id=document_id, actor=request.user)
    except BlockDocumentNotFound:
        return no_such(request, "block", document_id)
    except CannotDecrypt as error:
        document = find_block_document(document_id)
        assert document is not None
        return _page(request, document, full_document(document), refused=str(error))
    return _page(request, contents.document, contents, revealed=True)


@action
def delete(request: HttpRequest, document_id: UUID) -> HttpResponseBase:
    document = find_block_document(document_id)
    if document is None:
        return no_such(request, "block", document_id)
    holders = BlockReference.objects.filter(document=document)[: MOST_HOLDERS + 1].count()
    asks = confirm(
        request,
        title=f"Delete the block {document.name}?",
        sentence="Flows that load it will fail. Blocks that hold it lose the field. This cannot be undone.",
        button="Delete",
        rows=[("Type", document.block_type.name), ("Held by", f"{holders} {'block' if holders == 1 else 'blocks'}")],
        back=address_of("block", document_id),
    )
    if asks is not None:
        return asks
    delete_block_document(document_id=document_id)
    return done(request, f"The block {document.name} was deleted.", address_of("blocks"))


def _page(
    request: HttpRequest, document: BlockDocument, contents: Contents, *, revealed: bool = False, refused: str = ""
) -> HttpResponse:
    holders = BlockReference.objects.filter(document=document).select_related("parent").order_by("parent__name")
    found = list(holders.defer("parent__encrypted_data")[: MOST_HOLDERS + 1])
    slug = document.block_type.slug
    context: dict[str, Any] = {
        "section": "blocks",
        "document": document,
        "entry": Entry(document.block_type, letters_of(document.block_type.name)),
        "values": list(_values(contents)),
        "has_secrets": bool(document.block_schema.secret_paths),
        "unreadable": "" if revealed or refused else _why_unreadable(document),
        "revealed": revealed,
        "refused": refused,
        "holders": found[:MOST_HOLDERS],
        "has_more_holders": len(found) > MOST_HOLDERS,
        "code": f'{_class_of(document)}.load("{document.name}")',
        "slug": slug,
    }
    return render_page(request, "store/block.html", context, fragments={"contents": "store/block_contents.html"})


def _values(contents: Contents) -> Iterator[Value]:
    for name, value in contents.data.items():
        held = contents.held.get(name)
        yield Value(name, value, held.document if held else None)


def _why_unreadable(document: BlockDocument) -> str:
    try:
        own_data(document)
    except CannotDecrypt as error:
        return str(error)
    return ""


def _class_of(document: BlockDocument) -> str:
    """What authors call the type, as its schema has it."""
    title = str(document.block_schema.fields.get("title") or "")
    return title if title.isidentifier() else "Block"
