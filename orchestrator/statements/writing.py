"""Rows written by statements that are composed once for each table and connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import AutoField, CharField, Field, ForeignKey, JSONField, Model, TextField, UUIDField

from orchestrator.statements.memory import kept
from orchestrator.statements.values import Convert, writer_of

MOST_PARAMETERS = 30_000  # of one statement; SQLite and PostgreSQL take a little more

# What is stored as it stands on the object; other kinds of columns may fill themselves in.
_PLAIN = (TextField, CharField, JSONField, UUIDField, ForeignKey)


class Table:
    """How rows of one model are written through one connection."""

    def __init__(self, model: type[Model], through: BaseDatabaseWrapper) -> None:
        meta: Any = model._meta
        self._quote = through.ops.quote_name
        self.name = self._quote(meta.db_table)
        self.key = meta.pk
        self.numbered = isinstance(meta.pk, AutoField)  # the database numbers the rows
        fields: list[Field] = [field for field in meta.concrete_fields if not (self.numbered and field.primary_key)]
        self.columns: list[tuple[Field, Convert]] = [(field, writer_of(field, through)) for field in fields]
        self.writers = {field.attname: (self._quote(str(field.column)), write) for field, write in self.columns}
        self._head = (
            f"INSERT INTO {self.name} ({', '.join(self._quote(str(field.column)) for field in fields)}) VALUES "
        )
        self._row = f"({', '.join(['%s'] * len(fields))})"
        self.rows_of_a_statement = MOST_PARAMETERS // len(fields)

    def insert(self, rows: int, conflict: str) -> str:
        returning = f" RETURNING {self._quote(self.key.column)}" if self.numbered else ""
        return f"{self._head}{', '.join([self._row] * rows)}{conflict}{returning}"

    def values(self, row: Model) -> Iterator[Any]:
        for field, write in self.columns:
            yield write(getattr(row, field.attname) if type(field) in _PLAIN else field.pre_save(row, True))

    def replacing(self, names: Sequence[str]) -> str:
        quoted = [self.writers[name][0] for name in names]
        return f" ON CONFLICT ({self._quote(self.key.column)}) DO UPDATE SET " + ", ".join(
            f"{column} = excluded.{column}" for column in quoted
        )


def insert_rows(rows: Sequence[Model], *, skip_known: bool = False, replace: Sequence[str] = ()) -> None:
    """Store new rows of one model. Those that the database numbers know their number afterwards.

    With `skip_known` a row that breaks a unique constraint is passed over; then no row learns its number. With
    `replace`, rows whose key is known get these columns anew. No signals are sent.
    """
    if not rows:
        return
    table = _table(type(rows[0]))
    conflict = " ON CONFLICT DO NOTHING" if skip_known else table.replacing(replace) if replace else ""
    for start in range(0, len(rows), table.rows_of_a_statement):
        part = rows[start : start + table.rows_of_a_statement]
        with connection.cursor() as cursor:
            cursor.execute(table.insert(len(part), conflict), [value for row in part for value in table.values(row)])
            if table.numbered and not skip_known:
                for row, (number,) in zip(part, cursor.fetchall(), strict=True):
                    setattr(row, table.key.attname, number)
        for row in part:
            row._state.adding = False
            row._state.db = connection.alias


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


def _table(model: type[Model]) -> Table:
    return kept(model, lambda through: Table(model, through))
