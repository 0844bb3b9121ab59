"""Queries that are composed once, and then asked with other identifiers, moments, texts and numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Model, QuerySet, UUIDField

from orchestrator.statements.counting import in_groups
from orchestrator.statements.executing import Statement, rows_of
from orchestrator.statements.making import stored
from orchestrator.statements.memory import kept
from orchestrator.statements.values import reader_of, unchanged

M = TypeVar("M", bound=Model)
R = TypeVar("R")
Given = UUID | datetime | str | int
_GIVEN = (UUID, datetime, str, int)
MOST_AMONG = 8  # identifiers for whose number a statement is kept
_FILLED_UP_TO = (25, 50, 100)  # more of them, filled up with the first of them
# No moment and no number that a query would name by itself; the numbers are for columns of 32 bits or more.
_MARKS_FROM = datetime(9000, 1, 1, tzinfo=UTC)
_NUMBERS_FROM = 1_987_654_000


class PreparedQuery(Generic[M]):
    """A QuerySet as a function of UUIDs, of moments, of texts and of whole numbers.

    Which rows and columns it reads may depend on nothing else. `make` is called with one UUID for each of `names`, one
    aware datetime for each of `moments`, one text for each of `texts` and one number for each of `numbers`, once for
    each connection, and may use everything that a QuerySet can do: `select_related`, `only`, annotations, locks. The
    objects are the same as the QuerySet's, but what several rows lead to is one object; no signals are sent.
    """

    def __init__(
        self,
        make: Callable[..., QuerySet[M]],
        *names: str,
        moments: Iterable[str] = (),
        texts: Iterable[str] = (),
        numbers: Iterable[str] = (),
    ) -> None:
        self._asked = _Asked(make, names, tuple(moments), tuple(texts), tuple(numbers))

    def first(self, **given: Given) -> M | None:
        """The first row that the database finds; None when there is none. An order is up to the QuerySet."""
        return next(iter(self.all(**given)), None)

    def all(self, **given: Given) -> list[M]:
        plan: _Objects[M] = kept(self, lambda through: _Objects(_Statement(self._asked, through)))
        return plan.run(given)


class _Among(Generic[R]):
    """A QuerySet as a function of some different UUIDs: one that is prepared for each number of them up to MOST_AMONG,
    and one for each of _FILLED_UP_TO. Of more than those it is composed each time.

    `make` is to look for rows among the UUIDs (`…__in`), some of which may be the same.
    """

    _prepared: Callable[..., Any]

    def __init__(self, make: Callable[[list[UUID]], QuerySet[Any, R]]) -> None:
        self._make = make
        self._of_number: dict[int, Any] = {}

    def all(self, ids: Collection[UUID]) -> list[R]:
        if not ids:
            return []
        room = len(ids) if len(ids) <= MOST_AMONG else next((most for most in _FILLED_UP_TO if len(ids) <= most), 0)
        if not room:
            return list(self._make(list(ids)))
        first, *_ = ids
        given = {f"id{number}": each for number, each in enumerate((*ids, *repeat(first, room - len(ids))))}
        if room not in self._of_number:
            self._of_number[room] = self._prepared(lambda **marks: self._make(list(marks.values())), *given)
        found: list[R] = self._of_number[room].all(**given)
        return found


class PreparedAmong(_Among[M]):
    """A PreparedQuery of some different UUIDs."""

    _prepared = PreparedQuery


class PreparedRows:
    """The same for a QuerySet of `values(…)`, whose rows are dicts."""

    def __init__(
        self,
        make: Callable[..., QuerySet[Any, Any]],
        *names: str,
        moments: Iterable[str] = (),
        texts: Iterable[str] = (),
    ) -> None:
        self._asked = _Asked(make, names, tuple(moments), tuple(texts))

    def first(self, **given: Given) -> dict[str, Any] | None:
        """The first row that the database finds; None when there is none."""
        return next(iter(self.all(**given)), None)

    def all(self, **given: Given) -> list[dict[str, Any]]:
        return self._plan().run(given)

    def of_each(self, givens: Sequence[dict[str, Given]]) -> list[dict[str, Any]]:
        """The rows for the first of these, then those for the second, and so on, in one query. None for nothing."""
        return self._plan().run(*givens) if givens else []

    def _plan(self) -> _Rows:
        return kept(self, lambda through: _Rows(_Statement(self._asked, through)))


class PreparedRowsAmong(_Among[dict[str, Any]]):
    """PreparedRows of some different UUIDs."""

    _prepared = PreparedRows


class PreparedGroups:
    """`count_groups` of one part, which is such a QuerySet of `values_list(…)`.

    It is composed once, but planned for what is given each time: how much of a table lies between two moments decides
    how PostgreSQL had best read it.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, Any]], *names: str, moments: Iterable[str] = ()) -> None:
        self._asked = _Asked(make, names, tuple(moments))

    def all(self, **given: Given) -> list[tuple[Any, ...]]:
        statement = kept(self, lambda through: _Statement(self._asked, through, written=in_groups))
        return statement.planned_anew(given)


class PreparedExists:
    """Whether such a QuerySet has any row."""

    def __init__(self, make: Callable[..., QuerySet[Any, Any]], *names: str, moments: Iterable[str] = ()) -> None:
        self._rows = PreparedRows(lambda **given: make(**given).order_by().values("pk")[:1], *names, moments=moments)

    def __call__(self, **given: Given) -> bool:
        return self._rows.first(**given) is not None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What composes a QuerySet, and what it is to be given by."""

    make: Callable[..., QuerySet[Any, Any]]
    names: tuple[str, ...]
    moments: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    def marks(self) -> dict[str, Given]:
        """Something for each that is found again in what was composed."""
        return {
            **{name: uuid4() for name in self.names},
            **{name: _MARKS_FROM + timedelta(microseconds=number) for number, name in enumerate(self.moments, 1)},
            **{name: uuid4().hex for name in self.texts},
            **{name: _NUMBERS_FROM + number for number, name in enumerate(self.numbers)},
        }

    def writers(self, through: BaseDatabaseWrapper) -> dict[str, Callable[[Any], Any]]:
        """How each becomes a parameter."""
        id_field, moment_field = UUIDField(), DateTimeField()
        return {
            **dict.fromkeys(self.names, lambda value: id_field.get_db_prep_value(value, through)),
            **dict.fromkeys(self.moments, lambda value: moment_field.get_db_prep_value(value, through)),
            **dict.fromkeys(self.texts, str),
            **dict.fromkeys(self.numbers, int),
        }


class _Statement:
    """The SQL for one connection, with the places where what is given stands.

    `written` makes another statement of that which a QuerySet is.
    """

    def __init__(
        self,
        asked: _Asked,
        through: BaseDatabaseWrapper,
        *,
        written: Callable[[str, QuerySet[Any, Any]], str] | None = None,
    ) -> None:
        self.through = through
        marks, writers = asked.marks(), asked.writers(through)
        name_of = {writers[name](mark): name for name, mark in marks.items()}
        rows = asked.make(**marks)
        self.query = rows.query
        self.compiler = self.query.get_compiler(connection=through)
        sql, params = self.compiler.as_sql()
        if written:
            sql = written(sql, rows)
        # Of each parameter: what is given for it and how that is written, or None and the constant.
        named = [name_of.get(value) if isinstance(value, _GIVEN) else None for value in params]
        self._params: list[tuple[str | None, Any]] = [
            (name, writers[name] if name else value) for name, value in zip(named, params, strict=True)
        ]
        if through.vendor == "postgresql":  # which has to know the type of every parameter, and plans by the constants
            sql = _with_constants(sql, self._params, through)
            self._params = [(name, write) for name, write in self._params if name]
        self._sql = sql
        self._statement = Statement(through, sql)
        selected = [column[0] for column in self.compiler.select]
        self.readers = {
            position: reader_of(expression, converters, through)
            for position, (converters, expression) in self.compiler.get_converters(selected).items()
        }

    def rows(self, *givens: dict[str, Given]) -> Iterator[list[Any]]:
        """With the values that Django has for what the driver answers."""
        for row in map(list, self.as_they_come(*givens)):
            for position, read in self.readers.items():
                row[position] = read(row[position])
            yield row

    def as_they_come(self, *givens: dict[str, Given]) -> list[tuple[Any, ...]]:
        params = self._given(*givens)
        return self._statement.rows(params) if len(givens) == 1 else self._in_parts(len(givens), params)

    def planned_anew(self, given: dict[str, Given]) -> list[tuple[Any, ...]]:
        return rows_of(self._sql, self._given(given))

    def _given(self, *givens: dict[str, Given]) -> list[Any]:
        return [value(given[name]) if name else value for given in givens for name, value in self._params]

    def _in_parts(self, parts: int, params: list[Any]) -> list[tuple[Any, ...]]:
        """Not prepared: each number of parts is another statement."""
        with self.through.cursor() as cursor:
            cursor.execute(" UNION ALL ".join([f"SELECT * FROM ({self._sql}) AS part"] * parts), params)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _with_constants(sql: str, params: list[tuple[str | None, Any]], through: BaseDatabaseWrapper) -> str:
    """The statement with the constants as part of it. Only what is given for a name is still a parameter."""
    operations: Any = through.ops
    compose = operations.compose_sql
    places = ["%s" if name else compose("%s", [value]).replace("%", "%%") for name, value in params]
    return sql.replace("%%", "%%%%") % tuple(places)


class _Objects(Generic[M]):
    """How rows become objects."""

    def __init__(self, statement: _Statement) -> None:
        self._statement = statement
        compiler = statement.compiler
        self._objects = _Object(compiler.klass_info, compiler.select, statement)
        self._annotations = [
            (name, position, statement.readers.get(position, unchanged))
            for name, position in compiler.annotation_col_map.items()
        ]

    def run(self, given: dict[str, Given]) -> list[M]:
        known: _Known = {}
        return [self._made(row, known) for row in self._statement.as_they_come(given)]

    def _made(self, row: tuple[Any, ...], known: _Known) -> M:
        found: M = self._objects.made(row, known)
        for name, position, read in self._annotations:
            setattr(found, name, read(row[position]))
        return found


_Known = dict[tuple["_Object", Any], Any]


class _Object:
    """How a part of a row becomes an object, and those that it leads to. As Django does it, without its signals; but
    what several rows lead to is made once, and kept in what is `known` of the answer.
    """

    def __init__(self, info: dict[str, Any], select: Sequence[Any], statement: _Statement) -> None:
        columns = info["select_fields"]
        self._model = info["model"]
        self._alias = statement.through.alias
        self._from, self._to = columns[0], columns[-1] + 1
        self._names = [select[position][0].target.attname for position in range(self._from, self._to)]
        self._readers = [
            (name, position, statement.readers[position])
            for position, name in enumerate(self._names, self._from)
            if position in statement.readers
        ]
        self._key = self._from + self._names.index(self._model._meta.pk.attname)
        self._related = [
            (_Object(other, select, statement), other["local_setter"], other["remote_setter"])
            for other in info.get("related_klass_infos", ())
        ]

    def made(self, row: tuple[Any, ...], known: _Known) -> Any:
        own = dict(zip(self._names, row[self._from : self._to], strict=True))
        for name, position, read in self._readers:
            own[name] = read(row[position])
        found = stored(self._model, self._alias, own)
        for objects, lead_there, lead_back in self._related:
            other = objects._known_or_made(row, known)
            lead_there(found, other)
            if other is not None:
                lead_back(other, found)
        return found

    def _known_or_made(self, row: tuple[Any, ...], known: _Known) -> Any:
        """None when the row has no such object."""
        key = row[self._key]
        if key is None:
            return None
        if (self, key) not in known:
            known[self, key] = self.made(row, known)
        return known[self, key]


class _Rows:
    """How rows become dicts, as those of `values(…)` are."""

    def __init__(self, statement: _Statement) -> None:
        self._statement = statement
        self._names = list(statement.query.selected or ())

    def run(self, *givens: dict[str, Given]) -> list[dict[str, Any]]:
        return [dict(zip(self._names, row, strict=True)) for row in self._statement.rows(*givens)]
