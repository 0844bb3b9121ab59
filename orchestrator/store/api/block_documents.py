"""Block documents, by identifier, by name and by type. Secrets are masked unless `include_secrets` asks for them."""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from pydantic import create_model
from rest_framework.request import Request

from orchestrator.accounts.roles import Role
from orchestrator.rest.errors import Refused
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.paging import sliced
from orchestrator.rest.search import count_body, narrow, narrow_sorted, search_body
from orchestrator.rest.views import ApiView, answers, asks, no_content, takes
from orchestrator.store.api import shapes
from orchestrator.store.api.answers import block_document_answers
from orchestrator.store.api.bodies import BlockDocumentCreate, BlockDocumentUpdate
from orchestrator.store.api.filters import BLOCK_DOCUMENTS
from orchestrator.store.errors import BlockDocumentNotFound
from orchestrator.store.models import BlockDocument
from orchestrator.store.services.block_documents import (
    create_block_document,
    delete_block_document,
    update_block_document,
)
from orchestrator.store.services.block_types import get_block_type


@cache
def search_with_secrets() -> Any:
    return create_model("BlockDocumentSearch", __base__=search_body(BLOCK_DOCUMENTS), include_secrets=(bool, False))


class BlockDocuments(ApiView):
    @takes(BlockDocumentCreate)
    @answers(shapes.BlockDocument, 201)
    def post(self, request: Request, body: BlockDocumentCreate) -> JsonAnswer:
        document = create_block_document(**body.model_dump())
        return JsonAnswer(_one(BlockDocument.objects.filter(pk=document.pk), include_secrets=False), 201)


class BlockDocumentSearch(ApiView):
    @takes(lambda view: search_with_secrets())
    @answers(list[shapes.BlockDocument])
    def post(self, request: Request, body: Any) -> list[dict[str, Any]]:
        rows = _listed(narrow_sorted(BLOCK_DOCUMENTS, body), body)
        page = sliced(rows, limit=body.limit, offset=body.offset)
        return block_document_answers(page, include_secrets=_allowed(request, body.include_secrets))


class BlockDocumentCount(ApiView):
    @takes(lambda view: count_body(BLOCK_DOCUMENTS))
    @answers(int)
    def post(self, request: Request, body: Any) -> int:
        return _listed(narrow(BLOCK_DOCUMENTS, body), body).count()


class BlockDocumentById(ApiView):
    @asks(include_secrets=(bool, False))
    @answers(shapes.BlockDocument)
    def get(self, request: Request, id: UUID, include_secrets: bool) -> dict[str, Any]:
        return _one(BlockDocument.objects.filter(pk=id), include_secrets=_allowed(request, include_secrets))

    @takes(BlockDocumentUpdate)
    @answers(None, 204)
    def patch(self, request: Request, id: UUID, body: BlockDocumentUpdate) -> JsonAnswer:
        update_block_document(
            document_id=id,
            data=body.new_data(),
            merge=body.merge_existing_data,
            block_schema_id=body.block_schema_id,
        )
        return no_content()

    @answers(None, 204)
    def delete(self, request: Request, id: UUID) -> JsonAnswer:
        delete_block_document(document_id=id)
        return no_content()


class BlockDocumentsOfType(ApiView):
    @asks(include_secrets=(bool, False))
    @answers(list[shapes.BlockDocument])
    def get(self, request: Request, slug: str, include_secrets: bool) -> list[dict[str, Any]]:
        """The named ones, by name."""
        block_type = get_block_type(Q(slug=slug))
        rows = BlockDocument.objects.filter(block_type=block_type, is_anonymous=False).order_by("name")
        page = sliced(rows, limit=None, offset=0)
        return block_document_answers(page, include_secrets=_allowed(request, include_secrets))


class BlockDocumentByName(ApiView):
    @asks(include_secrets=(bool, False))
    @answers(shapes.BlockDocument)
    def get(self, request: Request, slug: str, block_document_name: str, include_secrets: bool) -> dict[str, Any]:
        rows = BlockDocument.objects.filter(block_type__slug=slug, name=block_document_name)
        return _one(rows, include_secrets=_allowed(request, include_secrets))


def _listed(rows: QuerySet, body: Any) -> QuerySet:
    """Without a filter of its own, a list leaves out anonymous documents."""
    return rows if body.block_documents is not None else rows.filter(is_anonymous=False)


def _allowed(request: Request, include_secrets: bool) -> bool:
    """Raises Refused (403) when a viewer asks for secrets: flows need them, readers do not."""
    if include_secrets and request.user.role < Role.OPERATOR:
        raise Refused("Only the roles operator and admin may read secrets.", 403)
    return include_secrets


def _one(rows: QuerySet[BlockDocument], *, include_secrets: bool) -> dict[str, Any]:
    found = block_document_answers(rows[:1], include_secrets=include_secrets)
    if not found:
        raise BlockDocumentNotFound
    return found[0]
