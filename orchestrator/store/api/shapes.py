"""What answers about variables and blocks look like."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from orchestrator.rest.answering import Shape


class Variable(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    name: Annotated[str, Field(max_length=255)]
    value: str | int | bool | float | dict[str, Any] | list[Any] | None
    tags: list[str]


class BlockType(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    name: Annotated[str, Field(pattern=r"^[^/%&><]+$")]
    slug: str
    logo_url: str | None
    documentation_url: str | None
    description: str | None
    code_example: str | None
    is_protected: bool


class BlockSchema(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    checksum: str
    fields: dict[str, Any]
    block_type_id: UUID | None
    block_type: BlockType | None
    capabilities: list[str]
    version: str


class BlockDocument(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    name: Annotated[str, Field(pattern=r"^[^/%&><]+$")] | None
    data: dict[str, Any]
    block_schema_id: UUID
    block_schema: BlockSchema | None
    block_type_id: UUID
    block_type_name: str | None
    block_type: BlockType | None
    block_document_references: dict[str, dict[str, Any]]
    is_anonymous: bool


class ServerDefaultResultStorage(Shape):
    default_result_storage_block_id: UUID | None
