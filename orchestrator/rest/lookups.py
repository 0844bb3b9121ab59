"""Questions that Django's own lookups do not put alike to SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, DateTimeField, F, FloatField, Func, QuerySet, Subquery, Value


class HasTag(Func):
    """Whether the JSON list in `column` has the text `tag` in it."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, column: str, tag: str, **extra: Any) -> None:
        super().__init__(F(column), Value(tag), **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(
            compiler,
            connection,
            template="EXISTS (SELECT 1 FROM json_each(%(expressions)s)",
            arg_joiner=") WHERE value = ",
            **extra,
        )

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        # The text is carried as it is, so that the statement is composed once for all tags.
        return self.as_sql(compiler, connection, template="(%(expressions)s)", arg_joiner=" ? ", **extra)


class AmongFound(Func):
    """Whether what `column` has is among the single values that a query finds. PostgreSQL finds them first, by the
    query alone, where it would otherwise decide by its estimates how to join both tables.
    """

    output_field = BooleanField()
    conditional = True

    def __init__(self, column: str, found: QuerySet[Any, Any], **extra: Any) -> None:
        super().__init__(F(column), Subquery(found), **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self._composed(compiler, "IN {}")

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self._composed(compiler, "= ANY(ARRAY{})")

    def _composed(self, compiler: Any, among: str) -> Any:
        """Raises EmptyResultSet when the query can find nothing."""
        (column, of_column), (found, of_found) = map(compiler.compile, self.source_expressions)
        return f"({column} {among.format(found)})", [*of_column, *of_found]


class Likely(Func):
    """A condition that says little: most rows that fit the rest fit it too.

    Without figures about its tables SQLite takes any comparison with one value for a rare thing, and reads the index of
    that column however many rows it has. PostgreSQL has figures.
    """

    output_field = BooleanField()
    conditional = True

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, function="likely", **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="(%(expressions)s)", **extra)


class EpochSeconds(Func):
    """Seconds since 1970 of a time, exact to the millisecond."""

    output_field = FloatField()

    def __init__(self, moment: Any, **extra: Any) -> None:
        super().__init__(moment, **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "ROUND((julianday(%(expressions)s) - 2440587.5) * 86400.0, 3)"
        return self.as_sql(compiler, connection, template=template, **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "date_part('epoch', %(expressions)s)"  # as EXTRACT has it, without the arithmetic of decimals
        return self.as_sql(compiler, connection, template=template, **extra)


def at(moment: Any) -> Value:
    """A time as an expression."""
    return Value(moment, output_field=DateTimeField())
