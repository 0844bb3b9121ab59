"""Where clients put results when nobody says otherwise: a block that can write."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from orchestrator.statements.reading import PreparedQuery
from orchestrator.store.errors import BlockDocumentNotFound, NotForResults
from orchestrator.store.models import BlockDocument, Configuration

_KEY = "server-default-result-storage"
_FIELD = "default_result_storage_block_id"
_CAN_WRITE = "write-path"

# Each client asks for it as it begins.
_configured = PreparedQuery(lambda: Configuration.objects.filter(key=_KEY).only("value"))


def default_result_storage() -> UUID | None:
    """The block document that stores results by default, or None: then each client decides."""
    found = _configured.first()
    return UUID(found.value[_FIELD]) if found else None


def set_default_result_storage(*, document_id: UUID) -> None:
    """Raises BlockDocumentNotFound and NotForResults."""
    with transaction.atomic():
        check_stores_results(document_id)
        Configuration.objects.update_or_create(key=_KEY, defaults={"value": {_FIELD: str(document_id)}})


def check_stores_results(document_id: UUID) -> None:
    """Raises BlockDocumentNotFound, and NotForResults when the block cannot write."""
    # Locked, so that it is not deleted between the look and what the caller writes.
    document = (
        BlockDocument.objects.select_for_update(of=("self",))
        .select_related("block_schema")
        .filter(pk=document_id)
        .first()
    )
    if document is None:
        raise BlockDocumentNotFound(document_id)
    if _CAN_WRITE not in document.block_schema.capabilities:
        raise NotForResults(document_id)


def clear_result_storage(*, in_documents: Q | None = None) -> None:
    """Forget the default; with `in_documents` only when it is one of these."""
    if in_documents is not None:
        current = default_result_storage()
        if current is None or not BlockDocument.objects.filter(in_documents, pk=current).exists():
            return
    Configuration.objects.filter(key=_KEY).delete()
