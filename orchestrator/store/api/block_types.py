"""Block types."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from rest_framework.request import Request

from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, no_content, takes
from orchestrator.store.api import shapes
from orchestrator.store.api.answers import block_type_answer
from orchestrator.store.api.bodies import BlockTypeCreate, BlockTypeUpdate
from orchestrator.store.services.block_types import (
    create_block_type,
    delete_block_type,
    describe_block_type,
    get_block_type,
)
from orchestrator.store.services.system_blocks import install_system_blocks


class BlockTypes(ApiView):
    @takes(BlockTypeCreate)
    @answers(shapes.BlockType, 201)
    def post(self, request: Request, body: BlockTypeCreate) -> JsonAnswer:
        return JsonAnswer(block_type_answer(create_block_type(**body.model_dump())), 201)


class BlockTypeById(ApiView):
    @answers(shapes.BlockType)
    def get(self, request: Request, id: UUID) -> dict[str, Any]:
        return block_type_answer(get_block_type(Q(pk=id)))

    @takes(BlockTypeUpdate)
    @answers(None, 204)
    def patch(self, request: Request, id: UUID, body: BlockTypeUpdate) -> JsonAnswer:
        describe_block_type(block_type_id=id, changes=body.given())
        return no_content()

    @answers(None, 204)
    def delete(self, request: Request, id: UUID) -> JsonAnswer:
        delete_block_type(block_type_id=id)
        return no_content()


class BlockTypeBySlug(ApiView):
    @answers(shapes.BlockType)
    def get(self, request: Request, slug: str) -> dict[str, Any]:
        return block_type_answer(get_block_type(Q(slug=slug)))


class SystemBlockTypes(ApiView):
    @answers(Any)
    def post(self, request: Request) -> None:
        """Put back the block types of the system that are missing."""
        install_system_blocks(only_protected=True)
