"""Create something that may exist already, also when two callers try at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, transaction

T = TypeVar("T")


def find_or_create(*, find: Callable[[], T | None], create: Callable[[], T]) -> tuple[T, bool]:
    """What `find` finds, else what `create` makes in a transaction; and whether it was made.

    The database's constraints judge a race: whoever loses it gets the winner's row.
    """
    known = find()
    if known is not None:
        return known, False
    try:
        with transaction.atomic():
            return create(), True
    except IntegrityError:
        known = find()
        if known is None:
            raise
        return known, False
