"""Block types: created, described, deleted."""

from __future__ import annotations

import html
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from orchestrator.contract.events import resource
from orchestrator.events.emit import emit
from orchestrator.store.errors import AlreadyExists, BlockTypeNotFound, Protected
from orchestrator.store.models import BlockType
from orchestrator.store.services.result_storage import clear_result_storage

_RESERVED = "prefect"
_DESCRIBING = ("logo_url", "documentation_url", "description", "code_example")


def create_block_type(*, name: str, slug: str, **description: Any) -> BlockType:
    """`description`: its addresses and texts. Raises AlreadyExists, and Protected for a name that is reserved."""
    if name.lower().startswith(_RESERVED):
        raise Protected("Block type names beginning with 'Prefect' are reserved.")
    try:
        with transaction.atomic():
            block_type = BlockType.objects.create(name=name, slug=slug, **_escaped(description))
            _emit(block_type, "created")
    except IntegrityError:
        raise AlreadyExists(f'Block type with name "{name}" already exists') from None
    return block_type


def get_block_type(which: Q) -> BlockType:
    """Raises BlockTypeNotFound."""
    block_type = BlockType.objects.filter(which).first()
    if block_type is None:
        raise BlockTypeNotFound
    return block_type


def describe_block_type(*, block_type_id: UUID, changes: dict[str, Any]) -> BlockType:
    """Change addresses and texts. Clients send theirs again and again: what changes nothing is no event.

    Raises BlockTypeNotFound.
    """
    with transaction.atomic():
        block_type = _locked(block_type_id)
        news = {key: text for key, text in changes.items() if text != getattr(block_type, key)}
        if news:
            for column, text in news.items():
                setattr(block_type, column, text)
            block_type.save()
            _emit(block_type, "updated")
    return block_type


def delete_block_type(*, block_type_id: UUID) -> None:
    """With its schemas and documents. Raises BlockTypeNotFound, and Protected for a type of the system."""
    with transaction.atomic():
        block_type = _locked(block_type_id)
        if block_type.is_protected:
            raise Protected("protected block types cannot be deleted.")
        _emit(block_type, "deleted")
        clear_result_storage(in_documents=Q(block_type=block_type))
        block_type.delete()


def _locked(block_type_id: UUID) -> BlockType:
    block_type = BlockType.objects.select_for_update().filter(pk=block_type_id).first()
    if block_type is None:
        raise BlockTypeNotFound
    return block_type


def _escaped(description: dict[str, Any]) -> dict[str, Any]:
    """Texts that pages show, without markup of the sender's."""
    return {
        key: html.escape(text, quote=False) if text and key in ("description", "code_example") else text
        for key, text in description.items()
    }


def _emit(block_type: BlockType, what: str) -> None:
    emit(
        event=f"prefect.block-type.{what}",
        resource=resource("block-type", block_type.pk, name=block_type.name),
        payload={
            "name": block_type.name,
            "slug": block_type.slug,
            **{key: getattr(block_type, key) for key in _DESCRIBING},
            "is_protected": block_type.is_protected,
        },
    )
