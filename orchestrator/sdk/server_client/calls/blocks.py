"""Block types, block schemas, and saved blocks. Blocks are saved and loaded by their classes: see `Block`."""

from __future__ import annotations

from orchestrator.sdk.server_client.calls.core import Calls, Id, ident, part, query, said
from orchestrator.sdk.server_client.records import BlockRecord


class BlockCalls(Calls):
    """What can be asked about blocks."""

    def read_block_types(self) -> list[BlockRecord]:
        """All block types."""
        return self._many(BlockRecord, "POST", "/block_types/filter", {})

    def read_block_type_by_slug(self, slug: str) -> BlockRecord:
        """The block type, such as that of `secret`. Raises ObjectNotFound."""
        return self._one(BlockRecord, "GET", f"/block_types/slug/{part(slug)}")

    def delete_block_type(self, block_type_id: Id) -> None:
        """Delete a block type with its blocks. Raises ObjectNotFound."""
        self._done("DELETE", f"/block_types/{ident(block_type_id)}")

    def read_block_schemas(self) -> list[BlockRecord]:
        """All block schemas."""
        return self._many(BlockRecord, "POST", "/block_schemas/filter", {})

    def read_block_schema_by_checksum(self, checksum: str, version: str | None = None) -> BlockRecord:
        """The block schema. Raises ObjectNotFound."""
        return self._one(BlockRecord, "GET", f"/block_schemas/checksum/{part(checksum)}{query(version=version)}")

    def get_most_recent_block_schema_for_block_type(self, block_type_id: Id) -> BlockRecord | None:
        """The latest schema of a block type, or None."""
        body = {"block_schemas": {"block_type_id": {"any_": [ident(block_type_id)]}}, "limit": 1}
        found = self._many(BlockRecord, "POST", "/block_schemas/filter", body)
        return found[0] if found else None

    def read_block_document(self, block_document_id: Id, include_secrets: bool = True) -> BlockRecord:
        """A saved block. Raises ObjectNotFound."""
        path = f"/block_documents/{ident(block_document_id)}{query(include_secrets=include_secrets)}"
        return self._one(BlockRecord, "GET", path)

    def read_block_document_by_name(self, name: str, block_type_slug: str, include_secrets: bool = True) -> BlockRecord:
        """A saved block by its type and name. Raises ObjectNotFound."""
        path = f"/block_types/slug/{part(block_type_slug)}/block_documents/name/{part(name)}"
        return self._one(BlockRecord, "GET", f"{path}{query(include_secrets=include_secrets)}")

    def read_block_documents(
        self,
        block_schema_type: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        include_secrets: bool = True,
    ) -> list[BlockRecord]:
        """Saved blocks; `block_schema_type` is a capability that they must have."""
        schemas = {"block_capabilities": {"all_": [block_schema_type]}} if block_schema_type else None
        body = said(block_schemas=schemas, offset=offset, limit=limit, include_secrets=include_secrets)
        return self._many(BlockRecord, "POST", "/block_documents/filter", body)

    def read_block_documents_by_type(
        self,
        block_type_slug: str,
        offset: int | None = None,
        limit: int | None = None,
        include_secrets: bool = True,
    ) -> list[BlockRecord]:
        """Saved blocks of one type."""
        choice = query(offset=offset, limit=limit, include_secrets=include_secrets)
        return self._many(BlockRecord, "GET", f"/block_types/slug/{part(block_type_slug)}/block_documents{choice}")

    def delete_block_document(self, block_document_id: Id) -> None:
        """Delete a saved block. Raises ObjectNotFound."""
        self._done("DELETE", f"/block_documents/{ident(block_document_id)}")
