"""How many rows tables have, and how many of them a common value, about: asked in a moment, however large they are."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from django.db import connection
from django.db.models import Model

from orchestrator.web.kept import Kept

SMALL = 1_000  # rows that are counted rather than estimated
COMMON_SHARE = 0.05  # of the rows have a value that is common

_KEPT_SECONDS = 60.0  # statistics are made anew much less often
_common: Kept[bool] = Kept(_KEPT_SECONDS, most=1_000)
_few: Kept[int] = Kept(_KEPT_SECONDS)

_SHARE = """
    SELECT common.frequency * part.reltuples / nullif(whole.reltuples, 0)
    FROM pg_stats AS known
    CROSS JOIN LATERAL unnest(known.most_common_vals::text::text[], known.most_common_freqs) AS common(value, frequency)
    JOIN pg_class AS part ON part.oid = %(part)s::regclass
    JOIN pg_class AS whole ON whole.oid = %(whole)s::regclass
    WHERE known.schemaname = current_schema() AND known.tablename = %(name)s AND known.attname = %(column)s
    AND common.value = %(value)s
"""


def estimate_rows(models: Sequence[type[Model]]) -> dict[type[Model], int]:
    """At most two queries. What has fewer than SMALL rows is counted."""
    if not models:
        return {}
    counted = dict(zip(models, _counted(models), strict=True))
    large = [model for model, rows in counted.items() if rows >= SMALL]
    return counted | dict(zip(large, _estimated(large), strict=True))


def estimate_share(model: type[Model], column: str, value: str, *, of: type[Model]) -> float:
    """How many rows of `model` have the text in the column, for each row of `of`. One query.

    By the statistics of PostgreSQL: 0.0 for what is not among the most common values, and before they are made. SQLite
    has none: there rows are counted until they are common, which takes an index that begins with the column; two
    queries. 0.0 when `of` is small.
    """
    if connection.vendor != "postgresql":
        return _counted_share(model, column, value, of)
    asked = {
        "part": _quoted(model),
        "whole": _quoted(of),
        "name": model._meta.db_table,
        "column": column,
        "value": value,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SHARE, asked)
        found = cursor.fetchone()
    return float(found[0] or 0.0) if found else 0.0


def is_common(model: type[Model], column: str, value: str, *, of: type[Model]) -> bool:
    """Whether COMMON_SHARE of the rows of `of`, or more, have the text in the column of `model`.

    As `estimate_share` knows it, which is not asked again for what was asked within the last minute.
    """
    asked = (connection.settings_dict["NAME"], model, column, value)
    return _common.get(asked, lambda: estimate_share(model, column, value, of=of) >= COMMON_SHARE)


def few_of(model: type[Model]) -> int:
    """COMMON_SHARE of its rows. One query, which is not asked again within a minute."""
    asked = (connection.settings_dict["NAME"], model)
    return _few.get(asked, lambda: ceil(COMMON_SHARE * _estimated([model])[0]))


def _counted_share(model: type[Model], column: str, value: str, of: type[Model]) -> float:
    (rows,) = _estimated([of])
    if rows <= SMALL:
        return 0.0
    quote = connection.ops.quote_name
    having = f"SELECT 1 FROM {_quoted(model)} WHERE {quote(column)} = %s LIMIT {ceil(COMMON_SHARE * rows)}"
    (found,) = _row([f"(SELECT count(*) FROM ({having}) AS first_rows)"], [value])
    return found / rows


def _counted(models: Sequence[type[Model]]) -> Sequence[int]:
    """Up to SMALL."""
    return _row(
        [f"(SELECT count(*) FROM (SELECT 1 FROM {_quoted(model)} LIMIT {SMALL}) AS first_rows)" for model in models]
    )


def _estimated(models: Sequence[type[Model]]) -> Sequence[int]:
    """PostgreSQL keeps an estimate of each table. On SQLite it is the span of the numbers that rows have inside."""
    if not models:
        return []
    if connection.vendor == "postgresql":
        found = [
            f"(SELECT reltuples::bigint FROM pg_class WHERE oid = '{_quoted(model)}'::regclass)" for model in models
        ]
    else:
        # The last and the first apart: asked for both at once, the database would read the whole table.
        span = "coalesce((SELECT max(rowid) FROM {0}) - (SELECT min(rowid) FROM {0}) + 1, 0)"
        found = [span.format(_quoted(model)) for model in models]
    return [max(SMALL, number) for number in _row(found)]


def _row(columns: Sequence[str], params: Sequence[str] | None = None) -> Sequence[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)}", params)
        return list(cursor.fetchone())


def _quoted(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)
