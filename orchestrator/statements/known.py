"""Which of many identifiers the database knows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model

_MOST = 1_000  # of one statement


def known_identifiers(model: type[Model], column: str, identifiers: Collection[UUID]) -> set[UUID]:
    """Those that stand in this column, which is one of UUIDs. Costs a small share of the same QuerySet's composing."""
    field: Any = model._meta.get_field(column)
    quote = connection.ops.quote_name
    select = f"SELECT {quote(field.column)} FROM {quote(model._meta.db_table)} WHERE {quote(field.column)} "
    wanted = list(identifiers)
    known: set[UUID] = set()
    with connection.cursor() as cursor:
        for start in range(0, len(wanted), _MOST):
            part = wanted[start : start + _MOST]
            if connection.features.has_native_uuid_field:
                cursor.execute(f"{select} = ANY(%s)", [part])
                known.update(found for (found,) in cursor.fetchall())
            else:
                cursor.execute(f"{select} IN ({', '.join(['%s'] * len(part))})", [each.hex for each in part])
                known.update(UUID(hex=found) for (found,) in cursor.fetchall())
    return known
