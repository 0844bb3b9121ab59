"""Rows written by statements that are composed once for each table and connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    AutoField,
    CharField,
    DateTimeField,
    Field,
    ForeignKey,
    JSONField,
    Model,
    TextField,
    UUIDField,
)

from orchestrator.statements.memory import kept
from orchestrator.statements.values import unchanged, writer_of

T = TypeVar("T")

MOST_PARAMETERS = 30_000  # of one statement; SQLite and PostgreSQL take a little more

# What is stored as it stands on the object; other kinds of columns may fill themselves in.
_PLAIN = (TextField, CharField, JSONField, UUIDField, ForeignKey)

_SKIPPING = " ON CONFLICT DO NOTHING"


class Table:
    """How rows of one model are written through one connection: all columns, or those of `names`."""

    def __init__(self, model: type[Model], through: BaseDatabaseWrapper, names: Sequence[str] = ()) -> None:
        meta: Any = model._meta
        self._quote = through.ops.quote_name
        self.name = self._quote(meta.db_table)
        self.key = meta.pk
        self.numbered = isinstance(meta.pk, AutoField)  # the database numbers the rows
        fields: list[Field] = [field for field in meta.concrete_fields if not (self.numbered and field.primary_key)]
        if names:
            fields = [meta.get_field(name) for name in names]
        self.columns = [Column(field, through) for field in fields]
        self.writers = {
            column.attname: (self._quote(str(column.field.column)), column.write) for column in self.columns
        }
        self._head = (
            f"INSERT INTO {self.name} ({', '.join(self._quote(str(field.column)) for field in fields)}) VALUES "
        )
        self._row = f"({', '.join(['%s'] * len(fields))})"
        self.rows_of_a_statement = MOST_PARAMETERS // len(fields)

    def insert(self, rows: int, conflict: str = "", *, numbers: bool = False) -> str:
        """`numbers`: the statement answers with those that the database gave to the rows."""
        returning = f" RETURNING {self._quote(self.key.column)}" if numbers else ""
        return f"{self._head}{', '.join([self._row] * rows)}{conflict}{returning}"

    def values(self, rows: Sequence[Model]) -> list[Any]:
        """The parameters of `insert`. Gone through by columns, as that takes less time than by rows."""
        return _row_by_row([column.written(column.values(rows)) for column in self.columns])

    def written(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """The parameters of `insert` for rows that are no objects, but values in the order of the columns."""
        return _row_by_row(
            [column.written(values) for column, values in zip(self.columns, zip(*rows, strict=True), strict=True)]
        )

    def replacing(self, names: Sequence[str]) -> str:
        quoted = [self.writers[name][0] for name in names]
        return f" ON CONFLICT ({self._quote(self.key.column)}) DO UPDATE SET " + ", ".join(
            f"{column} = excluded.{column}" for column in quoted
        )


class Column:
    """How values of one column are written."""

    def __init__(self, field: Field, through: BaseDatabaseWrapper) -> None:
        self.field = field
        self.attname = field.attname
        self.write = writer_of(field, through)
        self._as_it_stands = type(field) in _PLAIN or (type(field) is DateTimeField and not _fills_itself_in(field))
        self._read = attrgetter(field.attname)

    def values(self, rows: Sequence[Model]) -> list[Any]:
        """Those of the objects."""
        if self._as_it_stands:
            return [*map(self._read, rows)]
        return [self.field.pre_save(row, True) for row in rows]

    def written(self, values: Sequence[Any]) -> Sequence[Any]:
        return values if self.write is unchanged else [*map(self.write, values)]


def _fills_itself_in(field: DateTimeField) -> bool:
    return field.auto_now or field.auto_now_add


def _row_by_row(columns: Iterable[Sequence[Any]]) -> list[Any]:
    return [*chain.from_iterable(zip(*columns, strict=True))]


def insert_rows(rows: Sequence[Model], *, skip_known: bool = False, replace: Sequence[str] = ()) -> None:
    """Store new rows of one model. Those that the database numbers know their number afterwards.

    With `skip_known` a row that breaks a unique constraint is passed over; then no row learns its number. With
    `replace`, rows whose key is known get these columns anew. No signals are sent.
    """
    if not rows:
        return
    table = _table(type(rows[0]))
    conflict = _SKIPPING if skip_known else table.replacing(replace) if replace else ""
    numbers = table.numbered and not skip_known
    for part in _parts(rows, table):
        with connection.cursor() as cursor:
            cursor.execute(table.insert(len(part), conflict, numbers=numbers), table.values(part))
            if numbers:
                for row, (number,) in zip(part, cursor.fetchall(), strict=True):
                    setattr(row, table.key.attname, number)
        for row in part:
            row._state.adding = False
            row._state.db = connection.alias


def insert_values(
    model: type[Model], names: tuple[str, ...], rows: Sequence[Sequence[Any]], *, skip_known: bool = False
) -> None:
    """Store new rows that nobody needs as objects. Each has values for the columns of `names`, in their order; the
    database fills in the others. With `skip_known` a row that breaks a unique constraint is passed over. No signals are
    sent.
    """
    table = kept((model, names), lambda through: Table(model, through, names))
    for part in _parts(rows, table):
        with connection.cursor() as cursor:
            cursor.execute(table.insert(len(part), _SKIPPING if skip_known else ""), table.written(part))


def update_row(row: Model, changes: Mapping[str, Any]) -> None:
    """Set columns of one stored row, in the database and on the object. No signals are sent."""
    table = _table(type(row))
    writers = [(*table.writers[name], value) for name, value in changes.items()]
    assignments = ", ".join(f"{column} = %s" for column, _, _ in writers)
    column, write_key = table.writers[table.key.attname]
    values = [write(value) for _, write, value in writers]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table.name} SET {assignments} WHERE {column} = %s", [*values, write_key(row.pk)])
    for name, value in changes.items():
        setattr(row, name, value)


def _parts(rows: Sequence[T], table: Table) -> Iterator[Sequence[T]]:
    """As many at a time as one statement takes."""
    for start in range(0, len(rows), table.rows_of_a_statement):
        yield rows[start : start + table.rows_of_a_statement]


def _table(model: type[Model]) -> Table:
    return kept(model, lambda through: Table(model, through))
