"""What is in blocks: their own data and that of the blocks that they hold, at any depth, with secrets or without."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from orchestrator.store.errors import CannotDecrypt
from orchestrator.store.models import BlockDocument, BlockReference
from orchestrator.store.services.encryption import decrypted
from orchestrator.store.services.masking import masked

DEEPEST = 50  # levels of blocks in blocks

logger = logging.getLogger("orchestrator.store")


@dataclass(frozen=True, slots=True)
class Contents:
    """A document with all that it holds: `data` has the data of held blocks in their fields."""

    document: BlockDocument
    data: dict[str, Any]
    held: dict[str, Contents] = field(default_factory=dict)


def full_documents(documents: Sequence[BlockDocument], *, include_secrets: bool) -> list[Contents]:
    """Each with its contents. The documents come with their type and schema; one query more for each level of nesting.

    Without secrets, a document that no key opens has no data. With them, it raises CannotDecrypt.
    """
    held, seen = _held_by({document.pk for document in documents})
    return [_contents(document, held, seen, include_secrets, depth=0) for document in documents]


def full_document(document: BlockDocument, *, include_secrets: bool = False) -> Contents:
    [contents] = full_documents([document], include_secrets=include_secrets)
    return contents


def full_data(document: BlockDocument) -> dict[str, Any]:
    """With secrets and with the data of held blocks. Raises CannotDecrypt."""
    return full_document(document, include_secrets=True).data


def own_data(document: BlockDocument) -> dict[str, Any]:
    """With secrets and without the fields that hold other blocks. Raises CannotDecrypt."""
    data: dict[str, Any] = decrypted(document.encrypted_data, of=f"block document {document.pk}")
    return data


Held = dict[UUID, list[BlockReference]]


def _held_by(level: set[UUID]) -> tuple[Held, dict[UUID, BlockDocument]]:
    """Every reference that starts from these documents or from what they hold, by document; and what they lead to."""
    held: Held = {}
    seen: dict[UUID, BlockDocument] = {}
    asked: set[UUID] = set()
    while level:
        references: Iterable[BlockReference] = (
            BlockReference.objects.filter(parent__in=level)
            .select_related("document__block_type", "document__block_schema")
            .order_by("name")
        )
        asked |= level
        for reference in references:
            held.setdefault(reference.parent_id, []).append(reference)
            seen[reference.document_id] = reference.document
        level = set(seen) - asked
    return held, seen


def _contents(
    document: BlockDocument, held: Held, seen: dict[UUID, BlockDocument], include_secrets: bool, *, depth: int
) -> Contents:
    data = own_data(document) if include_secrets else _shown(document)
    # The check on writing keeps circles out; should one have come about, this ends it.
    references = held.get(document.pk, []) if depth < DEEPEST else []
    inside = {
        reference.name: _contents(seen[reference.document_id], held, seen, include_secrets, depth=depth + 1)
        for reference in references
    }
    return Contents(document, {**data, **{name: contents.data for name, contents in inside.items()}}, inside)


def _shown(document: BlockDocument) -> dict[str, Any]:
    try:
        data = own_data(document)
    except CannotDecrypt as error:
        # A list of many must not fail for one.
        logger.error("%s", error)
        return {}
    shown: dict[str, Any] = masked(data, document.block_schema.secret_paths)
    return shown
