"""Where results are stored by default."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.views import ApiView, answers, no_content, takes
from orchestrator.store.api import shapes
from orchestrator.store.api.bodies import ServerDefaultResultStorageUpdate
from orchestrator.store.services.result_storage import (
    clear_result_storage,
    default_result_storage,
    set_default_result_storage,
)


class ResultStorage(ApiView):
    @answers(shapes.ServerDefaultResultStorage)
    def get(self, request: Request) -> dict[str, Any]:
        return {"default_result_storage_block_id": default_result_storage()}

    @takes(ServerDefaultResultStorageUpdate)
    @answers(shapes.ServerDefaultResultStorage)
    def put(self, request: Request, body: ServerDefaultResultStorageUpdate) -> dict[str, Any]:
        """Only a block that can write will do."""
        set_default_result_storage(document_id=body.default_result_storage_block_id)
        return {"default_result_storage_block_id": body.default_result_storage_block_id}

    @answers(None, 204)
    def delete(self, request: Request) -> JsonAnswer:
        clear_result_storage()
        return no_content()
