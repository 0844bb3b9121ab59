"""Saved searches."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict
from rest_framework.request import Request

from orchestrator.rest.answering import Shape
from orchestrator.rest.bodies import Body, Envelope
from orchestrator.rest.errors import NotFound
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.paging import Offset, sliced
from orchestrator.rest.views import ApiView, answers, no_content, takes
from runs import errors, models
from runs.services.saved_searches import delete_saved_search, save_search

_MISSING = "Saved search not found"


class SavedSearchFilter(Body):
    """One condition of a search, as whoever saved it understands it. Keys besides these are dropped."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    object: str
    property: str
    type: str
    operation: str
    value: Any


class SavedSearchCreate(Body):
    name: str
    filters: list[SavedSearchFilter] = []


class SavedSearchPage(Envelope):
    limit: int | None = None
    offset: Offset = 0


class SavedSearch(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    name: str
    filters: list[SavedSearchFilter]


class SavedSearches(ApiView):
    @takes(SavedSearchCreate)
    @answers(SavedSearch, 200, 201)
    def put(self, request: Request, body: SavedSearchCreate) -> JsonAnswer:
        """Save a search under its name, in place of the one that had the name."""
        filters = [condition.model_dump(mode="json") for condition in body.filters]
        search, created = save_search(name=body.name, filters=filters)
        return JsonAnswer(_answer(search), 201 if created else 200)


class SavedSearchList(ApiView):
    @takes(SavedSearchPage)
    @answers(list[SavedSearch])
    def post(self, request: Request, body: SavedSearchPage) -> list[dict[str, Any]]:
        """By name."""
        rows = models.SavedSearch.objects.order_by("name")
        return [_answer(search) for search in sliced(rows, limit=body.limit, offset=body.offset)]


class SavedSearchById(ApiView):
    not_found = {errors.SavedSearchNotFound: _MISSING}

    @answers(SavedSearch)
    def get(self, request: Request, search_id: UUID) -> dict[str, Any]:
        search = models.SavedSearch.objects.filter(pk=search_id).first()
        if search is None:
            raise NotFound(_MISSING)
        return _answer(search)

    @answers(None, 204)
    def delete(self, request: Request, search_id: UUID) -> JsonAnswer:
        delete_saved_search(search_id=search_id)
        return no_content()


def _answer(search: models.SavedSearch) -> dict[str, Any]:
    return {
        "id": search.pk,
        "created": search.created,
        "updated": search.updated,
        "name": search.name,
        "filters": search.filters,
    }
