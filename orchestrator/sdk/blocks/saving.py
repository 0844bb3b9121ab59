"""Blocks as documents of the server, and documents as blocks. `base` is the class of all blocks."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pydantic

from orchestrator.sdk.api.run_client import client_of_run, needed_client
from orchestrator.sdk.blocks import documents, registry
from orchestrator.sdk.blocks.contents import data_of
from orchestrator.sdk.errors import BlockError, BlockNotFound
from orchestrator.sdk.events import emit_event

if TYPE_CHECKING:
    from orchestrator.sdk.blocks.core import Block

_MOST_NESTED = 50  # blocks inside blocks; deeper documents are left without their names


def save(block: Block, name: str, *, base: type[Block], overwrite: bool) -> UUID:
    """Returns the document's id. Raises BlockExists, BlockError, MissingContext."""
    block._check_before_saving()
    client = needed_client("Saving a block")
    kind = type(block)
    kind._register(client)
    try:
        data = data_of(block, base)
    except (TypeError, ValueError) as error:
        raise BlockError(f"Block {kind.get_block_type_slug()}/{name} cannot be written as JSON: {error}") from error
    document = {
        "name": name,
        "data": data,
        "block_schema_id": kind._block_schema_id,
        "block_type_id": kind._block_type_id,
        "is_anonymous": False,
    }
    kept = documents.save(client, document=document, slug=kind.get_block_type_slug(), overwrite=overwrite)
    block._block_document_id = UUID(kept["id"])
    block._block_document_name = name
    block._is_anonymous = False
    return block._block_document_id


def load(kind: type[Block], name: Any, *, base: type[Block], validate: bool) -> Any:
    """The block of this name. Raises as `Block.load` does."""
    client = needed_client("Loading a block")
    slug, name = slug_and_name(kind, name, base=base)
    document = documents.find(client, slug, name)
    if document is None:
        raise BlockNotFound(f"There is no block {slug}/{name}")
    return _from_document(kind, document, base=base, validate=validate)


def load_referred(kind: type[Block], reference: Any, *, base: type[Block], validate: bool) -> Any:
    """The block of an id, or of a dictionary with an id or a slug. Raises as `Block.load_from_ref` does."""
    client = needed_client("Loading a block")
    wanted = reference.get("block_document_id") if isinstance(reference, dict) else reference
    if isinstance(reference, dict) and wanted is None and isinstance(reference.get("block_document_slug"), str):
        document = documents.find(client, *_split(reference["block_document_slug"]))
    else:
        document = documents.find_by_id(client, _uuid(wanted))
    if document is None:
        raise BlockNotFound(f"There is no block {reference!r}")
    return _from_document(kind, document, base=base, validate=validate)


def slug_and_name(kind: type[Block], name: Any, *, base: type[Block]) -> tuple[str, str]:
    """Of `base` the name says the type too. Raises BlockError."""
    if kind is base:
        return _split(name)
    slug = kind.get_block_type_slug()
    if not isinstance(name, str) or not name.strip("/"):
        raise BlockError(f"{name!r} is no name of a block")
    return slug, name.removeprefix(f"{slug}/")


def _from_document(kind: type[Block], document: dict[str, Any], *, base: type[Block], validate: bool) -> Any:
    known = kind
    if not kind._is_concrete():
        known = registry.class_of(_slug_of(document))
        if not issubclass(known, kind):
            raise BlockError(f"{_name_of(document)} is a {known.__name__}, not a {kind.__name__}")
    data = {key: value for key, value in document["data"].items() if key != "block_type_slug"}
    try:
        block = known.model_validate(data)
    except pydantic.ValidationError as error:
        if validate:
            raise BlockError(
                f"{_name_of(document)} does not fit {known.__name__}: {_problems(error)}. "
                "validate=False loads it nevertheless"
            ) from None
        missing = {str(each["loc"][0]): None for each in error.errors() if each["loc"]}
        warnings.warn(
            f"{_name_of(document)} does not fit {known.__name__}; it is loaded without {', '.join(missing)}. "
            "Set these and save it with overwrite=True",
            stacklevel=4,
        )
        block = known.model_construct(**{**data, **missing})
    _remember_document(block, document, base=base, depth=0)
    known._block_schema_id, known._block_type_id = document.get("block_schema_id"), document.get("block_type_id")
    _tell_loaded(block)
    return block


def _remember_document(block: Block, document: dict[str, Any], *, base: type[Block], depth: int) -> None:
    """Which document the block is, and which those inside it are."""
    block._block_document_id = UUID(str(document["id"])) if document.get("id") else None
    block._block_document_name = document.get("name")
    block._is_anonymous = document.get("is_anonymous")
    if depth >= _MOST_NESTED:
        return
    for field, reference in (document.get("block_document_references") or {}).items():
        nested = getattr(block, field, None)
        inner = reference.get("block_document") if isinstance(reference, dict) else None
        if isinstance(nested, base) and inner:
            _remember_document(nested, inner, base=base, depth=depth + 1)


def _tell_loaded(block: Block) -> None:
    if not block._block_document_id or not block._block_document_name or client_of_run() is None:
        return
    slug = block.get_block_type_slug()
    emit_event(
        f"prefect.block.{slug}.loaded",
        resource={
            "prefect.resource.id": f"prefect.block-document.{block._block_document_id}",
            "prefect.resource.name": block._block_document_name,
        },
        related=[{"prefect.resource.id": f"prefect.block-type.{slug}", "prefect.resource.role": "block-type"}],
    )


def _split(name: Any) -> tuple[str, str]:
    slug, slash, rest = name.partition("/") if isinstance(name, str) else ("", "", "")
    if not (slug and slash and rest):
        raise BlockError(f"{name!r} is no name of a block with its type; it looks like 'secret/token'")
    return slug, rest


def _slug_of(document: dict[str, Any]) -> str:
    kind = document.get("block_type") or (document.get("block_schema") or {}).get("block_type") or {}
    slug = kind.get("slug")
    if not isinstance(slug, str):
        raise BlockError(f"Block {document.get('name')!r} does not say which type it has")
    return slug


def _name_of(document: dict[str, Any]) -> str:
    return f"Block {_slug_of(document)}/{document.get('name') or document.get('id')}"


def _problems(error: pydantic.ValidationError) -> str:
    # Without the values: they may be secret.
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}" for each in error.errors())


def _uuid(value: Any) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        raise BlockError(f"{value!r} refers to no block; an id is needed, or a dictionary with one") from None
