"""Blocks created and changed in a form of their schema. A secret that is left empty stays as it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods
from pydantic import ValidationError

from orchestrator.pages.actions import done, forbidden
from orchestrator.pages.addresses import address_of
from orchestrator.pages.page import no_such, page
from orchestrator.pages.roles import may
from orchestrator.pages.schema_forms import Answer, build_form, read_form
from orchestrator.store.api.bodies import BlockDocumentCreate
from orchestrator.store.errors import BlockSchemaNotFound, StoreError
from orchestrator.store.models import BlockDocument, BlockSchema
from orchestrator.store.pages.block_catalog import Entry
from orchestrator.store.pages.letters import letters_of
from orchestrator.store.services.block_choices import block_choices
from orchestrator.store.services.block_contents import full_document
from orchestrator.store.services.block_documents import (
    create_block_document,
    find_block_document,
    update_block_document,
)
from orchestrator.store.services.block_schemas import get_block_schema


@require_http_methods(["GET", "HEAD", "POST"])
@page
def create(request: HttpRequest, slug: str) -> HttpResponseBase:
    if not may(request, "operate"):
        return forbidden(request)
    try:
        schema = get_block_schema(Q(block_type__slug=slug))
    except BlockSchemaNotFound:
        return no_such(request, "block type", slug)
    if request.method != "POST":
        return _page(request, schema)
    answer, name = read_form(_fields(schema), request.POST), request.POST.get("name", "").strip()
    wrong_name = _why_not_called(name, schema) if answer.wants == "submit" else ""
    if not answer.is_good or wrong_name:
        return _page(request, schema, answer=answer, name=name, wrong_name=wrong_name)
    try:
        made = create_block_document(
            block_type_id=schema.block_type_id, block_schema_id=schema.pk, data=answer.values, name=name
        )
    except StoreError as error:
        return _page(request, schema, answer=answer, name=name, refused=_refusal(error))
    return done(request, f"The block {made.name} was created.", address_of("block", made.pk))


@require_http_methods(["GET", "HEAD", "POST"])
@page
def edit(request: HttpRequest, document_id: UUID) -> HttpResponseBase:
    if not may(request, "operate"):
        return forbidden(request)
    document = find_block_document(document_id)
    if document is None:
        return no_such(request, "block", document_id)
    schema, stored = document.block_schema, _stored(document)
    if request.method != "POST":
        return _page(request, schema, document=document, values=stored)
    answer = read_form(_fields(schema), request.POST, kept=stored)
    if not answer.is_good:
        return _page(request, schema, document=document, answer=answer)
    try:
        update_block_document(document_id=document_id, data=answer.values, merge=False)
    except StoreError as error:
        return _page(request, schema, document=document, answer=answer, refused=_refusal(error))
    return done(request, f"The block {document.name} was changed.", address_of("block", document_id))


def _stored(document: BlockDocument) -> dict[str, Any]:
    """What the document holds, with stars for secrets, and references for the blocks in it."""
    contents = full_document(document)
    held = {name: {"$ref": {"block_document_id": str(one.document.pk)}} for name, one in contents.held.items()}
    return {**contents.data, **held}


def _fields(schema: BlockSchema) -> dict[str, Any]:
    """The schema, in which every text that is secret says so itself."""
    secret = {path[0] for path in schema.secret_paths if len(path) == 1}
    properties = {
        name: {**part, "writeOnly": True} if name in secret and isinstance(part, dict) else part
        for name, part in (schema.fields.get("properties") or {}).items()
    }
    ours = {key: part for key, part in schema.fields.items() if key != "block_type_slug"}
    return {**ours, "type": "object", "properties": properties}


def _why_not_called(name: str, schema: BlockSchema) -> str:
    """What is wrong with a name, in the words of the API; nothing when it will do."""
    try:
        BlockDocumentCreate(name=name, block_schema_id=schema.pk, block_type_id=schema.block_type_id)
    except ValidationError as error:
        return "A block needs a name." if not name else str(error.errors()[0]["msg"]).removeprefix("Value error, ")
    taken = BlockDocument.objects.filter(block_type=schema.block_type_id, name=name).exists()
    return "There is a block of this type and name already." if taken else ""


def _refusal(error: StoreError) -> str:
    return f"Nothing was saved: {error}"


def _page(
    request: HttpRequest,
    schema: BlockSchema,
    *,
    document: BlockDocument | None = None,
    values: dict[str, Any] | None = None,
    answer: Answer | None = None,
    name: str = "",
    wrong_name: str = "",
    refused: str = "",
) -> HttpResponseBase:
    is_refused = bool(refused or wrong_name or (answer is not None and answer.wants == "submit" and answer.errors))
    context: dict[str, Any] = {
        "section": "blocks",
        "entry": Entry(schema.block_type, letters_of(schema.block_type.name)),
        "schema": schema,
        "document": document,
        "form": build_form(_fields(schema), values, blocks=block_choices(), answer=answer),
        "name": name,
        "wrong_name": wrong_name,
        "refused": refused,
    }
    return render(request, "store/block_form.html", context, status=422 if is_refused else 200)
