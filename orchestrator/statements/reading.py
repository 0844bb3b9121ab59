"""Queries that are composed once, and then asked with other identifiers and moments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Model, QuerySet, UUIDField
from django.db.models.query import get_related_populators

from orchestrator.statements.memory import kept

M = TypeVar("M", bound=Model)
Given = UUID | datetime
_GIVEN = (UUID, datetime)
_MARKS_FROM = datetime(9000, 1, 1, tzinfo=UTC)  # no moment that a query would name by itself


class PreparedQuery(Generic[M]):
    """A QuerySet as a function of UUIDs, and of moments. Which rows and columns it reads may depend on nothing else.

    `make` is called with one UUID for each of `names` and one aware datetime for each of `moments`, once for each
    connection, and may use everything that a QuerySet can do: `select_related`, `only`, annotations, locks. The objects
    are the same as the QuerySet's.
    """

    def __init__(self, make: Callable[..., QuerySet[M]], *names: str, moments: Iterable[str] = ()) -> None:
        self._make = make
        self._names = names
        self._moments = tuple(moments)

    def first(self, **given: Given) -> M | None:
        """The first row that the database finds; None when there is none. An order is up to the QuerySet."""
        return next(iter(self.all(**given)), None)

    def all(self, **given: Given) -> list[M]:
        plan: _Objects[M] = kept(
            self, lambda through: _Objects(_Statement(self._make, self._names, self._moments, through))
        )
        return plan.run(given)


class PreparedRows:
    """The same for a QuerySet of `values(…)`, whose rows are dicts."""

    def __init__(self, make: Callable[..., QuerySet[Any, Any]], *names: str, moments: Iterable[str] = ()) -> None:
        self._make = make
        self._names = names
        self._moments = tuple(moments)

    def first(self, **given: Given) -> dict[str, Any] | None:
        """The first row that the database finds; None when there is none."""
        return next(iter(self.all(**given)), None)

    def all(self, **given: Given) -> list[dict[str, Any]]:
        plan: _Rows = kept(self, lambda through: _Rows(_Statement(self._make, self._names, self._moments, through)))
        return plan.run(given)


class _Statement:
    """The SQL for one connection, with the places where what is given stands."""

    def __init__(
        self,
        make: Callable[..., QuerySet[Any, Any]],
        names: Iterable[str],
        moments: Iterable[str],
        through: BaseDatabaseWrapper,
    ) -> None:
        self.through = through
        id_field, moment_field = UUIDField(), DateTimeField()
        writers: dict[str, Callable[[Any], Any]] = {
            **dict.fromkeys(names, lambda value: id_field.get_db_prep_value(value, through)),
            **dict.fromkeys(moments, lambda value: moment_field.get_db_prep_value(value, through)),
        }
        marks: dict[str, Given] = {name: uuid4() for name in names}
        marks |= {name: _MARKS_FROM + timedelta(microseconds=number) for number, name in enumerate(moments, 1)}
        name_of = {writers[name](mark): name for name, mark in marks.items()}
        self.query = make(**marks).query
        self.compiler = self.query.get_compiler(connection=through)
        self._sql, params = self.compiler.as_sql()
        # Of each parameter: what is given for it and how that is written, or None and the constant.
        named = [name_of.get(value) if isinstance(value, (str, *_GIVEN)) else None for value in params]
        self._params: list[tuple[str | None, Any]] = [
            (name, writers[name] if name else value) for name, value in zip(named, params, strict=True)
        ]
        self._converters = self.compiler.get_converters([column[0] for column in self.compiler.select])

    def rows(self, given: dict[str, Given]) -> Iterable[list[Any]]:
        params = [value(given[name]) if name else value for name, value in self._params]
        with self.through.cursor() as cursor:
            cursor.execute(self._sql, params)
            rows = cursor.fetchall()
        found: Iterable[list[Any]] = self.compiler.apply_converters(rows, self._converters)
        return found


class _Objects(Generic[M]):
    """How rows become objects, as Django's own iteration makes them."""

    def __init__(self, statement: _Statement) -> None:
        self._statement = statement
        select, klass_info = statement.compiler.select, statement.compiler.klass_info
        own = klass_info["select_fields"]
        self._alias = statement.through.alias
        self._from, self._to = own[0], own[-1] + 1
        self._model = klass_info["model"]
        self._columns = [select[position][0].target.attname for position in own]
        self._populators = get_related_populators(klass_info, select, self._alias)  # type: ignore[call-arg]
        self._annotations = statement.compiler.annotation_col_map

    def run(self, given: dict[str, Given]) -> list[M]:
        return [self._object(row) for row in self._statement.rows(given)]

    def _object(self, row: list[Any]) -> M:
        made: M = self._model.from_db(self._alias, self._columns, row[self._from : self._to])
        for populator in self._populators:
            populator.populate(row, made)
        for name, position in self._annotations.items():
            setattr(made, name, row[position])
        return made


class _Rows:
    """How rows become dicts, as those of `values(…)` are."""

    def __init__(self, statement: _Statement) -> None:
        self._statement = statement
        self._names = list(statement.query.selected or ())

    def run(self, given: dict[str, Given]) -> list[dict[str, Any]]:
        return [dict(zip(self._names, row, strict=True)) for row in self._statement.rows(given)]
