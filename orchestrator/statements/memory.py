"""What was composed for one connection, kept with it, so that it goes when the connection goes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

T = TypeVar("T")


def kept(key: Hashable, make: Callable[[BaseDatabaseWrapper], T]) -> T:
    """What `make` made of this thread's connection the first time that it was asked for under `key`."""
    through = connections[DEFAULT_DB_ALIAS]
    made = vars(through).setdefault("orchestrator_statements", {})
    if key not in made:
        made[key] = make(through)
    return made[key]
