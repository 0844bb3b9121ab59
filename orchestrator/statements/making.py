"""Objects for rows that are about to be written, by the thousand."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model
from django.db.models.base import ModelState

M = TypeVar("M", bound=Model)


def made(model: type[M], **columns: Any) -> M:
    """The same object as `model(…)` with a value for every column, in a third of the time: nothing is filled in, and no
    signals are sent. Columns go by their attribute names, such as `event_id`.
    """
    row = model.__new__(model)
    vars(row).update(columns, _state=ModelState())
    return row
