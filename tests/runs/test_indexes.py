"""Indexes of the tables that grow with every run: each costs all rows that are written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db.models import F, Index, Model, UniqueConstraint

from orchestrator.events.models import Event, RelatedResource
from runs.models import (
    Artifact,
    BulkActionItem,
    Claim,
    FlowRun,
    FlowRunState,
    FlowRunTag,
    Log,
    TaskRun,
    TaskRunState,
    TaskRunTag,
)

GROWING = [
    Artifact, BulkActionItem, Claim, Event, FlowRun, FlowRunState, FlowRunTag, Log, RelatedResource, TaskRun,
    TaskRunState, TaskRunTag,
]  # fmt: skip


@pytest.mark.parametrize("model", GROWING, ids=lambda model: model.__name__)
def test_is_no_more_than_the_beginning_of_another(model: type[Model]) -> None:
    others = list(_named(model))
    keys = [(field.name,) for field in model._meta.concrete_fields if field.db_index and not field.unique]

    assert not [key for key in keys if any(other[: len(key)] == key for other in others)]


def _named(model: type[Model]) -> Iterator[tuple[str, ...]]:
    """Of each index and constraint that holds all rows, the columns with which it begins."""
    for each in (*model._meta.indexes, *model._meta.constraints):
        if isinstance(each, Index | UniqueConstraint) and each.condition is None:
            first = [one.name for one in each.expressions[:1] if isinstance(one, F)]
            yield (*(field.removeprefix("-") for field in each.fields), *first)
    yield from model._meta.unique_together
