"""Rows written by statements that are composed once for each table and connection."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
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

from orchestrator.statements.executing import Statement
from orchestrator.statements.memory import kept
from orchestrator.statements.values import goes_as_json, json_text, unchanged, writer_of

T = TypeVar("T")
M = TypeVar("M", bound=Model)

MOST_PARAMETERS = 30_000  # of one statement; SQLite and PostgreSQL take a little more

MOST_KEPT = 16  # rows of statements that are kept, as are those that are full; others are composed each time
MANY = 100  # rows of which it is worth while to find out what they have in common

# What is stored as it stands on the object; other kinds of columns may fill themselves in.
_PLAIN = (TextField, CharField, JSONField, UUIDField, ForeignKey)

_COMPARED = (str, UUID, datetime)  # two that are equal are written alike

_SKIPPING = " ON CONFLICT DO NOTHING"


class Table:
    """How rows of one model are written through one connection: all columns, or those of `names`."""

    def __init__(self, model: type[Model], through: BaseDatabaseWrapper, names: Sequence[str] = ()) -> None:
        meta: Any = model._meta
        self._through = through
        self._quote = through.ops.quote_name
        self._name = self._quote(meta.db_table)
        self.key = meta.pk
        self.numbered = isinstance(meta.pk, AutoField)  # the database numbers the rows
        fields: list[Field] = [field for field in meta.concrete_fields if not (self.numbered and field.primary_key)]
        if names:
            fields = [meta.get_field(name) for name in names]
        self._columns = [Column(field, through) for field in fields]
        self._by_name = {column.attname: column for column in self._columns}
        self._head = f"INSERT INTO {self._name} ({', '.join(column.quoted for column in self._columns)})"
        self._row = f"({', '.join(['%s'] * len(fields))})"
        self._by_json = through.vendor == "postgresql" and all(goes_as_json(field) for field in fields)
        self.rows_of_a_statement = MOST_PARAMETERS // len(fields)
        self._kept: dict[Hashable, Statement] = {}

    def insert(self, rows: Sequence[Model], ending: str = "") -> list[tuple[Any, ...]]:
        """Store the objects. `ending` says what about conflicts, and what is answered of each row: none, without."""
        return self._insert([column.values(rows) for column in self._columns], len(rows), ending)

    def insert_values(self, rows: Sequence[Sequence[Any]], ending: str = "") -> list[tuple[Any, ...]]:
        """The same for rows that are no objects, but values in the order of the columns."""
        return self._insert([*zip(*rows, strict=True)], len(rows), ending)

    def update(self, row: Model, changes: Mapping[str, Any]) -> None:
        """Set columns of one stored row, in the database."""
        columns = [self._by_name[name] for name in changes]
        key = self._by_name[self.key.attname]
        statement = self._statement(
            tuple(changes),
            lambda: (
                f"UPDATE {self._name} SET {', '.join(f'{column.quoted} = %s' for column in columns)}"
                f" WHERE {key.quoted} = %s"
            ),
        )
        values = zip((*columns, key), (*changes.values(), row.pk), strict=True)
        statement.run([column.write(value) for column, value in values])

    def answering_keys(self) -> str:
        """The ending of a statement that answers with the keys of the rows that it stored."""
        return f" RETURNING {self._quote(self.key.column)}"

    def replacing(self, names: Sequence[str]) -> str:
        """The ending of a statement that gives these columns anew to rows whose key is known."""
        quoted = [self._by_name[name].quoted for name in names]
        return f" ON CONFLICT ({self._quote(self.key.column)}) DO UPDATE SET " + ", ".join(
            f"{column} = excluded.{column}" for column in quoted
        )

    def _insert(self, columns: list[Sequence[Any]], rows: int, ending: str) -> list[tuple[Any, ...]]:
        if self._by_json and rows > 1:
            statement, params = self._from_json(columns, rows, ending)
        else:
            statement, params = self._from_params(rows, ending), self._params(columns, rows)
        if "RETURNING" in ending:
            return statement.rows(params)
        statement.run(params)
        return []

    def _from_params(self, rows: int, ending: str) -> Statement:
        def compose() -> str:
            return f"{self._head} VALUES {', '.join([self._row] * rows)}{ending}"

        if rows <= MOST_KEPT or rows == self.rows_of_a_statement:
            return self._statement((rows, ending), compose)
        return Statement(self._through, compose())

    def _params(self, columns: list[Sequence[Any]], rows: int) -> list[Any]:
        if rows == 1:
            return [column.write(values[0]) for column, values in zip(self._columns, columns, strict=True)]
        # By columns, as that takes less time than by rows.
        written = [column.written(values) for column, values in zip(self._columns, columns, strict=True)]
        return [*chain.from_iterable(zip(*written, strict=True))]

    def _from_json(self, columns: list[Sequence[Any]], rows: int, ending: str) -> tuple[Statement, list[Any]]:
        """One parameter for all rows: one for each value takes longer to be written down than to be stored, and every
        number of rows would be a statement of its own to be prepared. What is the same in all of MANY is said once.
        """
        own = dict(zip(self._columns, columns, strict=True))
        if rows <= MOST_KEPT:  # of more the statement would hold on to what it was given
            return self._statement(("json", ending), lambda: self._compose_json(own, {}, ending)), [_json(own)]
        common = {column: values[:1] for column, values in own.items() if rows >= MANY and _is_one_value(values)}
        common.pop(self._columns[0], None)  # it tells how many rows there are
        own = {column: values for column, values in own.items() if column not in common}
        statement = Statement(self._through, self._compose_json(own, common, ending))
        return statement, [_json(part) for part in (own, common) if part]

    def _compose_json(self, own: Iterable[Column], common: Collection[Column], ending: str) -> str:
        names = ", ".join(column.quoted for column in (*own, *common))
        given = f"json_to_recordset(%s) AS given({self._typed(own)})"
        if common:
            given += f" CROSS JOIN json_to_recordset(%s) AS common({self._typed(common)})"
        return f"INSERT INTO {self._name} ({names}) SELECT * FROM {given}{ending}"

    def _typed(self, columns: Iterable[Column]) -> str:
        return ", ".join(f"{column.quoted} {column.field.db_type(self._through)}" for column in columns)

    def _statement(self, key: Hashable, compose: Callable[[], str]) -> Statement:
        if key not in self._kept:
            self._kept[key] = Statement(self._through, compose())
        return self._kept[key]


class Column:
    """How values of one column are written."""

    def __init__(self, field: Field, through: BaseDatabaseWrapper) -> None:
        self.field = field
        self.attname = field.attname
        self.quoted = through.ops.quote_name(str(field.column))
        self.write = writer_of(field, through)
        self._as_it_stands = type(field) in _PLAIN or (type(field) is DateTimeField and not _fills_itself_in(field))
        self._read = attrgetter(field.attname)

    def values(self, rows: Sequence[Model]) -> list[Any]:
        """Those of the objects."""
        if self._as_it_stands:
            return [*map(self._read, rows)]
        return [self.field.pre_save(row, True) for row in rows]

    def written(self, values: Sequence[Any]) -> Sequence[Any]:
        """Many rows that are made together share values, which are written down once if they stand side by side."""
        write = self.write
        if write is unchanged or not values:
            return values
        before, text = values[0], write(values[0])
        found = [text]
        for value in values[1:]:
            if value is not before:
                before, text = value, write(value)
            found.append(text)
        return found


def _json(columns: Mapping[Column, Sequence[Any]]) -> str:
    """A list of rows, each an object."""
    names = [column.field.column for column in columns]
    return json_text([dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)])


def _is_one_value(values: Sequence[Any]) -> bool:
    """Whether it surely is the same in all rows. To Python 1, 1.0 and True are equal, so are lists of these."""
    first, last = values[0], values[-1]
    if type(first) in _COMPARED:
        return bool(first == last and values.count(first) == len(values))
    return first is last and all(value is first for value in values)


def _fills_itself_in(field: DateTimeField) -> bool:
    return field.auto_now or field.auto_now_add


def insert_rows(rows: Sequence[Model], *, skip_known: bool = False, replace: Sequence[str] = ()) -> None:
    """Store new rows of one model. Those that the database numbers know their number afterwards.

    With `skip_known` a row that breaks a unique constraint is passed over; then no row learns its number. With
    `replace`, rows whose key is known get these columns anew. No signals are sent.
    """
    if not rows:
        return
    table = _table(type(rows[0]))
    ending = _SKIPPING if skip_known else table.replacing(replace) if replace else ""
    numbers = table.numbered and not skip_known
    if numbers:
        ending += table.answering_keys()
    for part in _parts(rows, table):
        answered = table.insert(part, ending)
        if numbers:
            for row, (number,) in zip(part, answered, strict=True):
                setattr(row, table.key.attname, number)
        _mark_stored(part)


def insert_unknown_rows(rows: Sequence[M]) -> list[M]:
    """Store those new rows that break no unique constraint, and return them.

    They are of one model, whose keys are given and not numbered by the database. No signals are sent.
    """
    if not rows:
        return []
    table = _table(type(rows[0]))
    ending = _SKIPPING + table.answering_keys()
    answered = chain.from_iterable(table.insert(part, ending) for part in _parts(rows, table))
    stored = {table.key.to_python(key) for (key,) in answered}
    new = [row for row in rows if row.pk in stored]
    _mark_stored(new)
    return new


def insert_values(
    model: type[Model], names: tuple[str, ...], rows: Sequence[Sequence[Any]], *, skip_known: bool = False
) -> None:
    """Store new rows that nobody needs as objects. Each has values for the columns of `names`, in their order; the
    database fills in the others. With `skip_known` a row that breaks a unique constraint is passed over. No signals are
    sent.
    """
    table = kept((model, names), lambda through: Table(model, through, names))
    for part in _parts(rows, table):
        table.insert_values(part, _SKIPPING if skip_known else "")


def update_row(row: Model, changes: Mapping[str, Any]) -> None:
    """Set columns of one stored row, in the database and on the object. No signals are sent."""
    _table(type(row)).update(row, changes)
    for name, value in changes.items():
        setattr(row, name, value)


def _mark_stored(rows: Iterable[Model]) -> None:
    for row in rows:
        row._state.adding = False
        row._state.db = DEFAULT_DB_ALIAS


def _parts(rows: Sequence[T], table: Table) -> Iterator[Sequence[T]]:
    """As many at a time as one statement takes."""
    for start in range(0, len(rows), table.rows_of_a_statement):
        yield rows[start : start + table.rows_of_a_statement]


def _table(model: type[Model]) -> Table:
    return kept(model, lambda through: Table(model, through))
