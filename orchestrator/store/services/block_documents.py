"""Block documents: created, changed, deleted. Their data is encrypted; other documents in them are references."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Q

from orchestrator.contract.events import resource
from orchestrator.events.emit import emit
from orchestrator.store.errors import AlreadyExists, BlockDocumentNotFound, CannotDecrypt, ParentMissing, UnusableBlock
from orchestrator.store.models import BlockDocument, BlockReference, BlockSchema
from orchestrator.store.services.block_contents import DEEPEST, full_data, full_document, own_data
from orchestrator.store.services.encryption import encrypted
from orchestrator.store.services.masking import unmasked
from orchestrator.store.services.result_storage import clear_result_storage

REFERENCE = "$ref"


def create_block_document(
    *,
    block_type_id: UUID,
    block_schema_id: UUID,
    data: dict[str, Any],
    name: str | None = None,
    is_anonymous: bool = False,
) -> BlockDocument:
    """`name` None: an anonymous document, which is then called by a number.

    Raises AlreadyExists; ParentMissing for a type, schema or document that does not exist; UnusableBlock.
    """
    own, references = _parted(data)
    taken = AlreadyExists("Block already exists")
    with transaction.atomic():
        _check_parents(block_type_id, block_schema_id)
        if name is not None and BlockDocument.objects.filter(block_type=block_type_id, name=name).exists():
            raise taken
        try:
            with transaction.atomic():
                document = BlockDocument.objects.create(
                    name=name or f"anonymous-{uuid4()}",
                    block_type_id=block_type_id,
                    block_schema_id=block_schema_id,
                    is_anonymous=is_anonymous,
                    encrypted_data=encrypted(own),
                )
        except IntegrityError:
            raise taken from None
        _refer(document, references)
        _emit(document, "created")
    return document


def update_block_document(
    *, document_id: UUID, data: dict[str, Any] | None = None, merge: bool = True, block_schema_id: UUID | None = None
) -> None:
    """Merge `data` into what is stored, or put it in its place; None leaves it. Masks in it leave the stored secret.

    Raises BlockDocumentNotFound, CannotDecrypt, ParentMissing, and UnusableBlock for a schema of another type.
    """
    with transaction.atomic():
        document = _locked(document_id)
        if document is None:
            raise BlockDocumentNotFound
        paths = document.block_schema.secret_paths
        if block_schema_id is not None and block_schema_id != document.block_schema_id:
            document.block_schema = _schema_of_same_type(document, block_schema_id)
            paths = [*paths, *document.block_schema.secret_paths]
        if data is not None:
            _change_data(document, unmasked(data, _known_data(document, needed=merge), paths), merge=merge)
        document.save()
        _emit(document, "updated")


def delete_block_document(*, document_id: UUID) -> None:
    """Documents that hold it lose the field. Raises BlockDocumentNotFound."""
    with transaction.atomic():
        document = _locked(document_id)
        if document is None:
            raise BlockDocumentNotFound
        _emit(document, "deleted")
        clear_result_storage(in_documents=Q(pk=document_id))
        document.delete()


def find_block_document(document_id: UUID) -> BlockDocument | None:
    """The document with its type and schema, or None."""
    return BlockDocument.objects.select_related("block_type", "block_schema").filter(pk=document_id).first()


def _known_data(document: BlockDocument, *, needed: bool) -> dict[str, Any]:
    """What masks stand for. When all is replaced, what no key opens any more is not needed."""
    try:
        return full_data(document)
    except CannotDecrypt:
        if needed:
            raise
        return {}


def _change_data(document: BlockDocument, data: dict[str, Any], *, merge: bool) -> None:
    own, references = _parted(data)
    if merge:
        kept = {key: value for key, value in own_data(document).items() if key not in references}
        own = {**kept, **own}
        gone = document.references.filter(name__in=[*own, *references])
    else:
        gone = document.references.all()
    document.encrypted_data = encrypted(own)
    gone.delete()
    _refer(document, references)


def _parted(data: dict[str, Any]) -> tuple[dict[str, Any], dict[str, UUID]]:
    """The data without the fields that hold other documents, and the identifiers of those documents by field."""
    own: dict[str, Any] = {}
    references: dict[str, UUID] = {}
    for key, value in data.items():
        if isinstance(value, dict) and REFERENCE in value:
            references[key] = _named_document(key, value[REFERENCE])
        else:
            own[key] = value
    return own, references


def _named_document(key: str, reference: Any) -> UUID:
    given = reference.get("block_document_id") if isinstance(reference, dict) else None
    if given is None:
        raise UnusableBlock(f"Received block reference without a block_document_id in key {key}")
    try:
        return UUID(str(given))
    except ValueError:
        raise UnusableBlock(f"The block_document_id in key {key} is no UUID.") from None


def _check_parents(block_type_id: UUID, block_schema_id: UUID) -> None:
    schema = BlockSchema.objects.filter(pk=block_schema_id).only("block_type_id").first()
    if schema is None:
        raise ParentMissing(f"Block schema {block_schema_id} does not exist.")
    if schema.block_type_id != block_type_id:
        raise ParentMissing(f"Block schema {block_schema_id} is not of block type {block_type_id}.")


def _schema_of_same_type(document: BlockDocument, block_schema_id: UUID) -> BlockSchema:
    schema = BlockSchema.objects.filter(pk=block_schema_id).first()
    if schema is None:
        raise ParentMissing(f"Block schema {block_schema_id} does not exist.")
    if schema.block_type_id != document.block_type_id:
        raise UnusableBlock("Must migrate block document to a block schema of the same block type.")
    return schema


def _refer(document: BlockDocument, references: dict[str, UUID]) -> None:
    if not references:
        return
    wanted = set(references.values())
    known = set(BlockDocument.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    for missing in sorted(wanted - known):
        raise ParentMissing(f"Block document {missing} does not exist.")
    if document.pk in _reached_from(wanted):
        raise UnusableBlock("A block cannot hold itself, neither directly nor through the blocks that it holds.")
    BlockReference.objects.bulk_create(
        BlockReference(parent=document, name=name, document_id=other) for name, other in references.items()
    )


def _reached_from(documents: set[UUID]) -> set[UUID]:
    """These documents and all that they hold, level by level."""
    reached, level = set(documents), documents
    for _ in range(DEEPEST):
        found = BlockReference.objects.filter(parent__in=level).values_list("document_id", flat=True)
        level = set(found) - reached
        reached |= level
        if not level:
            return reached
    raise UnusableBlock(f"Blocks are nested more than {DEEPEST} levels deep.")


def _locked(document_id: UUID) -> BlockDocument | None:
    return (
        BlockDocument.objects.select_for_update(of=("self",))
        .select_related("block_type", "block_schema")
        .filter(pk=document_id)
        .first()
    )


def _emit(document: BlockDocument, what: str) -> None:
    """Anonymous documents are an inner matter of clients, and make no events."""
    if document.is_anonymous:
        return
    shown = full_document(document)
    secret = {path[0] for path in shown.document.block_schema.secret_paths}
    emit(
        event=f"prefect.block-document.{what}",
        resource=resource("block-document", document.pk, name=document.name),
        related=[
            resource("block-type", document.block_type_id, role="block-type", name=document.block_type.name),
            resource("block-schema", document.block_schema_id, role="block-schema"),
        ],
        payload={
            "name": document.name,
            # What is not masked, and only what is text.
            "data": {key: value for key, value in shown.data.items() if key not in secret and isinstance(value, str)},
            "block_schema": {
                "capabilities": document.block_schema.capabilities,
                "block_type": {"id": str(document.block_type_id), "name": document.block_type.name},
            },
        },
    )
