"""Stored secrets move to the newest key, batch by batch, while everything goes on."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from orchestrator.store.errors import CannotDecrypt
from orchestrator.store.models import BlockDocument
from orchestrator.store.services.encryption import reencrypted, uses_newest_key

BATCH = 100  # documents


def reencrypt_batch(*, after: UUID | None = None) -> tuple[int, list[str], UUID | None]:
    """Re-encrypt up to BATCH documents that come after this one, those that the first key did not make.

    Returns how many were, why others could not be, and the last that was looked at: None when there are no more.
    """
    with transaction.atomic():
        rows = BlockDocument.objects.select_for_update().order_by("pk").only("pk", "encrypted_data")
        documents = list((rows.filter(pk__gt=after) if after else rows)[:BATCH])
        changed, troubles = [], []
        for document in documents:
            if uses_newest_key(document.encrypted_data):
                continue
            try:
                document.encrypted_data = reencrypted(document.encrypted_data, of=f"block document {document.pk}")
            except CannotDecrypt as error:
                troubles.append(str(error))
            else:
                changed.append(document)
        # `updated` stays: nothing changed that a reader could see.
        BlockDocument.objects.bulk_update(changed, ["encrypted_data"])
    return len(changed), troubles, documents[-1].pk if len(documents) == BATCH else None
