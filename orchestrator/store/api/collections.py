"""Collections: what kinds of workers, blocks and flows there are."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from orchestrator.rest.views import ApiView, answers
from orchestrator.store.services.collections import collection_view


class CollectionView(ApiView):
    @answers(dict[str, Any])
    def get(self, request: Request, view: str) -> dict[str, Any]:
        return collection_view(view)
