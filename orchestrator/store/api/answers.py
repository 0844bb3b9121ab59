"""How variables and blocks look in an answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from orchestrator.store.models import BlockDocument, BlockSchema, BlockType, Variable
from orchestrator.store.services.block_contents import Contents, full_documents


def variable_answer(variable: Variable) -> dict[str, Any]:
    return {
        "id": variable.pk,
        "created": variable.created,
        "updated": variable.updated,
        "name": variable.name,
        "value": variable.value,
        "tags": variable.tags,
    }


def variable_answers(rows: Iterable[Variable]) -> list[dict[str, Any]]:
    return [variable_answer(variable) for variable in rows]


def block_type_answer(block_type: BlockType) -> dict[str, Any]:
    return {
        "id": block_type.pk,
        "created": block_type.created,
        "updated": block_type.updated,
        "name": block_type.name,
        "slug": block_type.slug,
        "logo_url": block_type.logo_url,
        "documentation_url": block_type.documentation_url,
        "description": block_type.description,
        "code_example": block_type.code_example,
        "is_protected": block_type.is_protected,
    }


def block_type_answers(rows: Iterable[BlockType]) -> list[dict[str, Any]]:
    return [block_type_answer(block_type) for block_type in rows]


def block_schema_answer(schema: BlockSchema) -> dict[str, Any]:
    return {
        "id": schema.pk,
        "created": schema.created,
        "updated": schema.updated,
        "checksum": schema.checksum,
        "fields": schema.fields,
        "block_type_id": schema.block_type_id,
        "block_type": block_type_answer(schema.block_type),
        "capabilities": schema.capabilities,
        "version": schema.version,
    }


def block_schema_answers(rows: QuerySet[BlockSchema]) -> list[dict[str, Any]]:
    return [block_schema_answer(schema) for schema in rows.select_related("block_type")]


def block_document_answers(rows: QuerySet[BlockDocument], *, include_secrets: bool) -> list[dict[str, Any]]:
    """Raises CannotDecrypt when secrets are asked for and no key fits."""
    documents = list(rows.select_related("block_type", "block_schema__block_type"))
    return [_document_answer(one) for one in full_documents(documents, include_secrets=include_secrets)]


def _document_answer(contents: Contents) -> dict[str, Any]:
    document = contents.document
    return {
        "id": document.pk,
        "created": document.created,
        "updated": document.updated,
        "name": document.name,
        "data": contents.data,
        "block_schema_id": document.block_schema_id,
        "block_schema": block_schema_answer(document.block_schema),
        "block_type_id": document.block_type_id,
        "block_type_name": document.block_type.name,
        "block_type": block_type_answer(document.block_type),
        "block_document_references": _references(contents),
        "is_anonymous": document.is_anonymous,
    }


def _references(contents: Contents) -> dict[str, Any]:
    return {name: {"block_document": _held_document(held)} for name, held in contents.held.items()}


def _held_document(held: Contents) -> dict[str, Any]:
    return {
        "id": held.document.pk,
        "name": held.document.name,
        "block_type": block_type_answer(held.document.block_type),
        "is_anonymous": held.document.is_anonymous,
        "block_document_references": _references(held),
    }
