"""Block schemas, and what blocks can do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from rest_framework.request import Request

from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, asks, no_content, takes
from orchestrator.store.api import shapes
from orchestrator.store.api.answers import block_schema_answer
from orchestrator.store.api.bodies import BlockSchemaCreate
from orchestrator.store.services.block_schemas import (
    delete_block_schema,
    get_block_schema,
    known_capabilities,
    register_block_schema,
)


class BlockSchemas(ApiView):
    @takes(BlockSchemaCreate)
    @answers(shapes.BlockSchema, 200, 201)
    def post(self, request: Request, body: BlockSchemaCreate) -> JsonAnswer:
        """Register the schema, or answer the one with the same checksum and version."""
        schema, created = register_block_schema(**body.model_dump())
        return JsonAnswer(block_schema_answer(schema), 201 if created else 200)


class BlockSchemaById(ApiView):
    @answers(shapes.BlockSchema)
    def get(self, request: Request, id: UUID) -> dict[str, Any]:
        return block_schema_answer(get_block_schema(Q(pk=id)))

    @answers(None, 204)
    def delete(self, request: Request, id: UUID) -> JsonAnswer:
        delete_block_schema(schema_id=id)
        return no_content()


class BlockSchemaByChecksum(ApiView):
    @asks(version=(str | None, None))
    @answers(shapes.BlockSchema)
    def get(self, request: Request, checksum: str, version: str | None) -> dict[str, Any]:
        """The newest with this checksum, or the one with this version too."""
        which = Q(checksum=checksum) if version is None else Q(checksum=checksum, version=version)
        return block_schema_answer(get_block_schema(which))


class BlockCapabilities(ApiView):
    @answers(list[str])
    def get(self, request: Request) -> list[str]:
        return known_capabilities()
