"""The block types that every server has from the start, as Prefect's clients know them. See data/README.md."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson
from django.db import transaction

from orchestrator.store.models import BlockSchema, BlockType
from orchestrator.store.services.block_schemas import merged_fields

DATA = Path(__file__).resolve().parent.parent / "data"


def install_system_blocks(*, only_protected: bool = False) -> int:
    """Add the types and schemas that are missing, and return how many were. What is there stays as it is.

    `only_protected`: those that nobody may delete.
    """
    facts = system_block_facts()
    types = [one for one in facts["block_types"] if one["is_protected"] or not only_protected]
    slugs = {one["slug"] for one in types}
    schemas = [one for one in facts["block_schemas"] if one["block_type"] in slugs]
    with transaction.atomic():
        there = dict(BlockType.objects.filter(slug__in=slugs).values_list("slug", "is_protected"))
        missing_types = [one for one in types if there.get(one["slug"]) is not one["is_protected"]]
        keys = set(BlockSchema.objects.order_by().values_list("checksum", "version"))
        missing_schemas = [one for one in schemas if (one["checksum"], one["version"]) not in keys]
        if missing_types:
            _install_types(missing_types)
        if missing_schemas:
            _install_schemas(missing_schemas)
    return len(missing_types) + len(missing_schemas)


@cache
def system_block_facts() -> Any:
    return orjson.loads((DATA / "system_blocks.json").read_bytes())


@cache
def words() -> Any:
    """Our sentences about block types, worker types and job variables, by name."""
    return orjson.loads((DATA / "words.json").read_bytes())


def _install_types(missing: list[dict[str, Any]]) -> None:
    # Those that somebody had registered before they belonged to the system.
    known = list(BlockType.objects.filter(slug__in=[one["slug"] for one in missing]))
    protected = {one["slug"]: one["is_protected"] for one in missing}
    for block_type in known:
        block_type.is_protected = protected[block_type.slug]
    BlockType.objects.bulk_update(known, ["is_protected"])
    slugs = {block_type.slug for block_type in known}
    BlockType.objects.bulk_create(
        BlockType(**one, description=words()["block_types"].get(one["slug"]))
        for one in missing
        if one["slug"] not in slugs
    )


def _install_schemas(missing: list[dict[str, Any]]) -> None:
    types = {one.slug: one for one in BlockType.objects.filter(slug__in={one["block_type"] for one in missing})}
    known = {one.checksum: one for one in BlockSchema.objects.select_related("block_type").order_by("created")}
    made = []
    for one in missing:
        references = one["fields"].get("block_schema_references") or {}
        nested = {name: [known[each] for each in _checksums(wanted)] for name, wanted in references.items()}
        schema = BlockSchema(
            block_type=types[one["block_type"]],
            checksum=one["checksum"],
            version=one["version"],
            capabilities=one["capabilities"],
            fields=merged_fields(one["fields"], nested),
        )
        known[schema.checksum] = schema
        made.append(schema)
    BlockSchema.objects.bulk_create(made)


def _checksums(wanted: Any) -> list[str]:
    return [one["block_schema_checksum"] for one in (wanted if isinstance(wanted, list) else [wanted])]
