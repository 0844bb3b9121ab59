"""How many rows fit a search body."""

from __future__ import annotations

from typing import Any

from django.db import connection

from orchestrator.rest.asked_rows import AskedRows
from orchestrator.rest.filters import Combination, asked_by_lists
from orchestrator.rest.search import Entity
from orchestrator.web.row_estimates import few_of


def count_rows(entity: Entity, body: Any) -> int:
    return AskedRows(entity, _with_tags_in_rows(entity, body)).count()


def _with_tags_in_rows(entity: Entity, body: Any) -> Any:
    """A body that looks for common tags in the rows, as lists do, if the rest of its filter leaves fewer than have one.

    SQLite has no figures by which it could tell, and would look up every row that has the tag.
    """
    filled = getattr(body, entity.key, None)
    if connection.vendor != "sqlite" or filled is None or filled.operator != Combination.AND:
        return body
    of_tags = asked_by_lists(filled)
    if not of_tags:
        return body
    rest = filled.model_copy(update=dict.fromkeys(of_tags))
    if AskedRows(entity, body.model_copy(update={entity.key: rest})).has(few_of(entity.model)):
        return body
    return body.model_copy(update={entity.key: filled.model_copy(update=of_tags)})
