"""Blocks on the server: types and schemas made known, documents saved, found and deleted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode
from uuid import UUID

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import ApiError, BlockError, BlockExists, BlockNotFound

if TYPE_CHECKING:
    from orchestrator.sdk.blocks.core import Block

_NAME = re.compile(r"[a-z0-9-]+")
_DESCRIBED_BY = ("logo_url", "documentation_url", "description", "code_example")


def register(block: type[Block], client: Client) -> tuple[str, str]:
    """Make the type and the schema of a class known, and those of the blocks inside it. Returns the two ids.

    Done again, it changes nothing. What a class says about its type is brought up to date, unless the type belongs to
    the server.
    """
    for nested in block.nested_block_classes():
        register(nested, client)
    type_id = _type_id(block, client)
    return type_id, _schema_id(block, client, type_id)


def save(client: Client, *, document: dict[str, Any], slug: str, overwrite: bool) -> Any:
    """Returns the document as the server has it. Raises BlockExists unless `overwrite`."""
    for _ in range(2):
        try:
            return client.ask("POST", "/block_documents/", document)
        except ApiError as error:
            if error.status != 409:
                raise
        name = document["name"]
        if not overwrite:
            raise BlockExists(f"The name {slug}/{name} is already in use; overwrite=True gives it the new values")
        found = find(client, slug, name)
        if found is not None:
            changes = {"block_schema_id": document["block_schema_id"], "data": document["data"]}
            client.send("PATCH", f"/block_documents/{found['id']}", {**changes, "merge_existing_data": False})
            return found
    raise BlockError(f"Block {slug}/{document['name']} is being made and deleted by others; try again")


def find(client: Client, slug: str, name: str) -> Any:
    """The document with its secrets; None when there is none."""
    path = f"/block_types/slug/{quote(slug, safe='')}/block_documents/name/{quote(name, safe='')}"
    return _or_none(client, f"{path}?include_secrets=true")


def find_by_id(client: Client, document_id: UUID) -> Any:
    """The document with its secrets; None when there is none."""
    return _or_none(client, f"/block_documents/{document_id}?include_secrets=true")


def delete(client: Client, slug: str, name: str) -> None:
    """Raises BlockNotFound."""
    found = find(client, slug, name)
    if found is None:
        raise BlockNotFound(f"There is no block {slug}/{name}")
    client.send("DELETE", f"/block_documents/{found['id']}")


def checked_name(name: Any) -> str:
    """Raises BlockError unless it is lower case letters, digits and dashes."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BlockError(f"{name!r} is no name of a block: lower case letters, digits and dashes are allowed")
    return name


def _type_id(block: type[Block], client: Client) -> str:
    slug = block.get_block_type_slug()
    said = {name: value for name, value in block.type_facts().items() if value is not None}
    known = _or_none(client, f"/block_types/slug/{quote(slug, safe='')}")
    if known is None:
        body = {"name": block.get_block_type_name(), "slug": slug, **said}
        try:
            return str(client.ask("POST", "/block_types/", body)["id"])
        except ApiError as error:
            if error.status != 409:  # somebody else makes the same block known
                raise
        known = client.ask("GET", f"/block_types/slug/{quote(slug, safe='')}")
    changes = {name: said[name] for name in _DESCRIBED_BY if name in said and said[name] != known.get(name)}
    if changes and not known.get("is_protected") and block.published_checksum() is None:
        client.send("PATCH", f"/block_types/{known['id']}", changes)
    return str(known["id"])


def _schema_id(block: type[Block], client: Client, type_id: str) -> str:
    published = block.published_checksum()
    if published is not None:
        known = _or_none(client, f"/block_schemas/checksum/{quote(published, safe='')}")
        if known is not None and known.get("block_type_id") == type_id:
            return str(known["id"])
    version = block.get_block_schema_version()
    path = f"/block_schemas/checksum/{quote(block.checksum(), safe='')}?{urlencode({'version': version})}"
    known = _or_none(client, path)
    if known is None:
        body = {
            "fields": block.model_json_schema(),
            "block_type_id": type_id,
            "capabilities": sorted(block.get_block_capabilities()),
            "version": version,
        }
        known = client.ask("POST", "/block_schemas/", body)
    return str(known["id"])


def _or_none(client: Client, path: str) -> Any:
    try:
        return client.ask("GET", path)
    except ApiError as error:
        if error.status == 404:
            return None
        raise
