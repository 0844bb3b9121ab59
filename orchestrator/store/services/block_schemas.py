"""Block schemas: registered with those that they nest, deleted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from orchestrator.contract.block_checksums import checksum_of, definitions_named_in, plain_definitions
from orchestrator.contract.times import now
from orchestrator.store.errors import BlockSchemaNotFound, BlockTypeNotFound, ParentMissing, Protected, UnusableBlock
from orchestrator.store.models import BlockSchema, BlockType
from orchestrator.store.services.result_storage import clear_result_storage

NOT_VERSIONED = "non-versioned"
_DEEPEST = 50  # levels of blocks in blocks

Definitions = dict[str, Any]


def register_block_schema(
    *, block_type_id: UUID, fields: dict[str, Any], capabilities: list[str], version: str = NOT_VERSIONED
) -> tuple[BlockSchema, bool]:
    """The schema with these fields and this version, and whether it is new. Blocks that it nests are registered too.

    Raises BlockTypeNotFound; ParentMissing for a nested block without a type; UnusableBlock for one without fields.
    """
    block_type = BlockType.objects.filter(pk=block_type_id).first()
    if block_type is None:
        raise BlockTypeNotFound(block_type_id)
    with transaction.atomic():
        return _registered(block_type, fields, fields.get("definitions") or {}, capabilities, version, depth=0)


def merged_fields(fields: dict[str, Any], nested: dict[str, list[BlockSchema]]) -> dict[str, Any]:
    """The fields as they are answered: with the definitions of the blocks that each field may hold.

    `fields` itself has no definitions of blocks.
    """
    merged = {**fields, "block_schema_references": {name: _reference_to(schemas) for name, schemas in nested.items()}}
    definitions = dict(fields.get("definitions") or {})
    for schemas in nested.values():
        for schema in schemas:
            definitions |= _as_definitions(schema)
    merged.pop("definitions", None)
    if definitions:
        merged["definitions"] = definitions
    return merged


def get_block_schema(which: Q) -> BlockSchema:
    """The newest that fits, with its type. Raises BlockSchemaNotFound."""
    schema = _newest(which)
    if schema is None:
        raise BlockSchemaNotFound
    return schema


def delete_block_schema(*, schema_id: UUID) -> None:
    """With the documents that are of it. Raises BlockSchemaNotFound, and Protected for one of the system."""
    with transaction.atomic():
        schema = BlockSchema.objects.select_for_update(of=("self",)).select_related("block_type").filter(pk=schema_id)
        found = schema.first()
        if found is None:
            raise BlockSchemaNotFound
        if found.block_type.is_protected:
            raise Protected("Block schemas for protected block types cannot be deleted.")
        clear_result_storage(in_documents=Q(block_schema=found))
        found.delete()


def known_capabilities() -> list[str]:
    """Everything that some block can do."""
    combinations = BlockSchema.objects.order_by().values_list("capabilities", flat=True).distinct()
    return sorted({capability for combination in combinations for capability in combination})


def _registered(
    block_type: BlockType,
    fields: dict[str, Any],
    definitions: Definitions,
    capabilities: list[str],
    version: str,
    *,
    depth: int,
) -> tuple[BlockSchema, bool]:
    if depth > _DEEPEST:
        raise UnusableBlock(f"Block schemas are nested more than {_DEEPEST} levels deep.")
    if definitions:
        fields = {**fields, "definitions": definitions}
    checksum = checksum_of(fields)
    which = Q(checksum=checksum, version=version)
    known = _newest(which)
    if known is not None:
        return known, False
    created = now()  # before those that it nests, so that lists have it where it was asked for
    nested = {
        name: [
            _nested(name, one, fields, definitions, depth) for one in (wanted if isinstance(wanted, list) else [wanted])
        ]
        for name, wanted in (fields.get("block_schema_references") or {}).items()
    }
    try:
        with transaction.atomic():
            made = BlockSchema.objects.create(
                block_type=block_type,
                checksum=checksum,
                version=version,
                capabilities=capabilities,
                fields=merged_fields({**fields, "definitions": plain_definitions(fields, definitions)}, nested),
                created=created,
            )
    except IntegrityError:  # somebody else was first
        return get_block_schema(which), False
    return made, True


def _nested(name: str, wanted: Any, fields: dict[str, Any], definitions: Definitions, depth: int) -> BlockSchema:
    """The schema to which a field refers; registered from the definitions when it is not there yet."""
    slug = wanted.get("block_type_slug") if isinstance(wanted, dict) else None
    block_type = BlockType.objects.filter(slug=slug).first()
    if block_type is None:
        raise ParentMissing(
            f"Cannot create block schema because block type {slug!r} was not found. Register the block type first."
        )
    known = _newest(Q(checksum=wanted.get("block_schema_checksum")))
    if known is not None:
        return known
    mentioned = [
        definitions[key]
        for key in definitions_named_in((fields.get("properties") or {}).get(name))
        if isinstance(definitions.get(key), dict)
    ]
    own = [one for one in mentioned if len(mentioned) == 1 or one.get("block_type_slug") == slug]
    if not own:
        raise UnusableBlock(f"The schema of the nested block {slug!r} is neither registered nor among the definitions.")
    schema, _ = _registered(block_type, own[0], definitions, [], NOT_VERSIONED, depth=depth + 1)
    return schema


def _as_list(wanted: Any) -> list[Any]:
    return wanted if isinstance(wanted, list) else [wanted]


def _newest(which: Q) -> BlockSchema | None:
    return BlockSchema.objects.select_related("block_type").filter(which).order_by("-created", "-id").first()


def _reference_to(schemas: list[BlockSchema]) -> Any:
    """One schema by its checksum, or the list of those that the field may hold."""
    references = [
        {"block_schema_checksum": schema.checksum, "block_type_slug": schema.block_type.slug} for schema in schemas
    ]
    distinct = [one for at, one in enumerate(references) if one not in references[:at]]
    return distinct[0] if len(distinct) == 1 else distinct


def _as_definitions(schema: BlockSchema) -> Definitions:
    fields = dict(schema.fields)
    inner = fields.pop("definitions", {})
    title = fields.get("title")
    return {title: fields, **inner} if title is not None else {}
