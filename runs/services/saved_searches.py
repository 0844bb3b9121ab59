"""Searches with names."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from orchestrator.contract.times import now
from runs.errors import SavedSearchNotFound
from runs.models import SavedSearch
from runs.services.once import find_or_create


def save_search(*, name: str, filters: list[dict[str, Any]]) -> tuple[SavedSearch, bool]:
    """Store the search under this name, in place of the one that has it; and whether the name is new."""
    with transaction.atomic():
        search, created = find_or_create(
            find=lambda: SavedSearch.objects.select_for_update().filter(name=name).first(),
            create=lambda: SavedSearch.objects.create(name=name, filters=filters),
        )
        if not created:
            search.filters = filters
            SavedSearch.objects.filter(pk=search.pk).update(filters=filters, updated=now())
    return search, created


def delete_saved_search(*, search_id: UUID) -> None:
    """Raises SavedSearchNotFound."""
    deleted, _ = SavedSearch.objects.filter(pk=search_id).delete()
    if not deleted:
        raise SavedSearchNotFound(search_id)
