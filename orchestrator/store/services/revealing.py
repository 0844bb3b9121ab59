"""Secrets of a block, told to a person. Whoever asks for them is written down, for administrators and as an event."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from orchestrator.contract.events import resource
from orchestrator.events.emit import emit
from orchestrator.store.errors import BlockDocumentNotFound
from orchestrator.store.models import BlockDocument
from orchestrator.store.services.block_contents import Contents, full_document
from orchestrator.store.services.block_documents import find_block_document

REVEALED = "orchestrator.block-document.revealed"
MESSAGE = "Looked at the secrets."


def reveal_block_document(*, document_id: UUID, actor: Any) -> Contents:
    """With all secrets. `actor` is a user; on a server that is open to everybody it may be an anonymous one.

    Raises BlockDocumentNotFound and CannotDecrypt.
    """
    with transaction.atomic():
        document = find_block_document(document_id)
        if document is None:
            raise BlockDocumentNotFound
        contents = full_document(document, include_secrets=True)
        _write_down(document, actor)
    return contents


def _write_down(document: BlockDocument, actor: Any) -> None:
    if actor.is_authenticated:
        LogEntry.objects.create(
            user_id=actor.pk,
            content_type=ContentType.objects.get_for_model(BlockDocument),
            object_id=str(document.pk),
            object_repr=document.name[:200],
            action_flag=CHANGE,
            change_message=MESSAGE,
        )
    emit(
        event=REVEALED,
        resource=resource("block-document", document.pk, name=document.name),
        payload={"by": actor.get_username() if actor.is_authenticated else None},
    )
