"""Queries that are composed once, and then asked with other identifiers, moments and texts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Model, QuerySet, UUIDField

from orchestrator.statements.executing import Statement
from orchestrator.statements.making import stored
from orchestrator.statements.memory import kept
from orchestrator.statements.values import reader_of

M = TypeVar("M", bound=Model)
Given = UUID | datetime | str
_GIVEN = (UUID, datetime, str)
MOST_AMONG = 8  # identifiers for whose number a statement is kept
_MARKS_FROM = datetime(9000, 1, 1, tzinfo=UTC)  # no moment that a query would name by itself


class PreparedQuery(Generic[M]):
    """A QuerySet as a function of UUIDs, of moments and of texts.

    Which rows and columns it reads may depend on nothing else. `make` is called with one UUID for each of `names`, one
    aware datetime for each of `moments` and one text for each of `texts`, once for each connection, and may use
    everything that a QuerySet can do: `select_related`, `only`, annotations, locks. The objects are the same as the
    QuerySet's; no signals are sent.
    """

    def __init__(
        self,
        make: Callable[..., QuerySet[M]],
        *names: str,
        moments: Iterable[str] = (),
        texts: Iterable[str] = (),
    ) -> None:
        self._make = make
        self._names = names
        self._moments = tuple(moments)
        self._texts = tuple(texts)

    def first(self, **given: Given) -> M | None:
        """The first row that the database finds; None when there is none. An order is up to the QuerySet."""
        return next(iter(self.all(**given)), None)

    def all(self, **given: Given) -> list[M]:
        plan: _Objects[M] = kept(
            self, lambda through: _Objects(_Statement(self._make, self._names, self._moments, through, self._texts))
        )
        return plan.run(given)


class PreparedAmong(Generic[M]):
    """A QuerySet as a function of some different UUIDs: a PreparedQuery for each number of them up to MOST_AMONG.

    Of more than those it is composed each time.
    """

    def __init__(self, make: Callable[[list[UUID]], QuerySet[M]]) -> None:
        self._make = make
        self._of_number: dict[int, PreparedQuery[M]] = {}

    def all(self, ids: Collection[UUID]) -> list[M]:
        if not 0 < len(ids) <= MOST_AMONG:
            return list(self._make(list(ids))) if ids else []
        given: dict[str, Given] = {f"id{number}": each for number, each in enumerate(ids)}
        if len(ids) not in self._of_number:
            self._of_number[len(ids)] = PreparedQuery(lambda **marks: self._make(list(marks.values())), *given)
        return self._of_number[len(ids)].all(**given)


class PreparedRows:
    """The same for a QuerySet of `values(…)`, whose rows are dicts."""

    def __init__(
        self,
        make: Callable[..., QuerySet[Any, Any]],
        *names: str,
        moments: Iterable[str] = (),
        texts: Iterable[str] = (),
    ) -> None:
        self._make = make
        self._names = names
        self._moments = tuple(moments)
        self._texts = tuple(texts)

    def first(self, **given: Given) -> dict[str, Any] | None:
        """The first row that the database finds; None when there is none."""
        return next(iter(self.all(**given)), None)

    def all(self, **given: Given) -> list[dict[str, Any]]:
        return self._plan().run(given)

    def of_each(self, givens: Sequence[dict[str, Given]]) -> list[dict[str, Any]]:
        """The rows for the first of these, then those for the second, and so on, in one query. None for nothing."""
        return self._plan().run(*givens) if givens else []

    def _plan(self) -> _Rows:
        parts = self._make, self._names, self._moments
        return kept(self, lambda through: _Rows(_Statement(*parts, through, self._texts)))


class PreparedExists:
    """Whether such a QuerySet has any row."""

    def __init__(self, make: Callable[..., QuerySet[Any, Any]], *names: str, moments: Iterable[str] = ()) -> None:
        self._rows = PreparedRows(lambda **given: make(**given).order_by().values("pk")[:1], *names, moments=moments)

    def __call__(self, **given: Given) -> bool:
        return self._rows.first(**given) is not None


class _Statement:
    """The SQL for one connection, with the places where what is given stands."""

    def __init__(
        self,
        make: Callable[..., QuerySet[Any, Any]],
        names: Iterable[str],
        moments: Iterable[str],
        through: BaseDatabaseWrapper,
        texts: Iterable[str] = (),
    ) -> None:
        self.through = through
        id_field, moment_field = UUIDField(), DateTimeField()
        writers: dict[str, Callable[[Any], Any]] = {
            **dict.fromkeys(names, lambda value: id_field.get_db_prep_value(value, through)),
            **dict.fromkeys(moments, lambda value: moment_field.get_db_prep_value(value, through)),
            **dict.fromkeys(texts, str),
        }
        marks: dict[str, Given] = {name: uuid4() for name in names}
        marks |= {name: _MARKS_FROM + timedelta(microseconds=number) for number, name in enumerate(moments, 1)}
        marks |= {name: uuid4().hex for name in texts}
        name_of = {writers[name](mark): name for name, mark in marks.items()}
        self.query = make(**marks).query
        self.compiler = self.query.get_compiler(connection=through)
        sql, params = self.compiler.as_sql()
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
        self._readers = [
            (position, reader_of(expression, converters, through))
            for position, (converters, expression) in self.compiler.get_converters(selected).items()
        ]

    def rows(self, *givens: dict[str, Given]) -> Iterator[list[Any]]:
        params = [value(given[name]) if name else value for given in givens for name, value in self._params]
        for row in map(list, self._statement.rows(params) if len(givens) == 1 else self._in_parts(len(givens), params)):
            for position, read in self._readers:
                row[position] = read(row[position])
            yield row

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
        self._objects = _Object(compiler.klass_info, compiler.select, statement.through.alias)
        self._annotations = compiler.annotation_col_map

    def run(self, given: dict[str, Given]) -> list[M]:
        return [self._made(row) for row in self._statement.rows(given)]

    def _made(self, row: list[Any]) -> M:
        found: M = self._objects.made(row)
        for name, position in self._annotations.items():
            setattr(found, name, row[position])
        return found


class _Object:
    """How a part of a row becomes an object, and those that it leads to. As Django does it, without its signals."""

    def __init__(self, info: dict[str, Any], select: Sequence[Any], alias: str) -> None:
        columns = info["select_fields"]
        self._model = info["model"]
        self._alias = alias
        self._from, self._to = columns[0], columns[-1] + 1
        self._names = [select[position][0].target.attname for position in range(self._from, self._to)]
        self._key = self._from + self._names.index(self._model._meta.pk.attname)
        self._related = [
            (_Object(other, select, alias), other["local_setter"], other["remote_setter"])
            for other in info.get("related_klass_infos", ())
        ]

    def made(self, row: list[Any]) -> Any:
        """None when the row has no such object."""
        if row[self._key] is None:
            return None
        found = stored(self._model, self._alias, zip(self._names, row[self._from : self._to], strict=True))
        for objects, lead_there, lead_back in self._related:
            other = objects.made(row)
            lead_there(found, other)
            if other is not None:
                lead_back(other, found)
        return found


class _Rows:
    """How rows become dicts, as those of `values(…)` are."""

    def __init__(self, statement: _Statement) -> None:
        self._statement = statement
        self._names = list(statement.query.selected or ())

    def run(self, *givens: dict[str, Given]) -> list[dict[str, Any]]:
        return [dict(zip(self._names, row, strict=True)) for row in self._statement.rows(*givens)]
