"""Queries that are composed once, and then asked with other identifiers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, QuerySet, UUIDField
from django.db.models.query import get_related_populators

from orchestrator.statements.memory import kept

M = TypeVar("M", bound=Model)


class PreparedQuery(Generic[M]):
    """A QuerySet as a function of UUIDs. Which rows and columns it reads may depend on nothing else.

    `make` is called with one UUID for each of `names`, once for each connection, and may use everything that a
    QuerySet can do: `select_related`, `only`, annotations, locks. The objects are the same as the QuerySet's.
    """

    def __init__(self, make: Callable[..., QuerySet[M]], *names: str) -> None:
        self._make = make
        self._names = names

    def first(self, **identifiers: UUID) -> M | None:
        """The first row that the database finds; None when there is none. An order is up to the QuerySet."""
        return next(iter(self.all(**identifiers)), None)

    def all(self, **identifiers: UUID) -> list[M]:
        plan: _Plan[M] = kept(self, lambda through: _Plan(self._make, self._names, through))
        return plan.run(identifiers)


class _Plan(Generic[M]):
    """The statement for one connection, and how its rows become objects, as Django's own iteration makes them."""

    def __init__(self, make: Callable[..., QuerySet[M]], names: Iterable[str], through: BaseDatabaseWrapper) -> None:
        self._through = through
        self._write_id = lambda value: UUIDField().get_db_prep_value(value, through)
        marks = {name: uuid4() for name in names}
        names_of = {self._write_id(mark): name for name, mark in marks.items()}
        compiler = make(**marks).query.get_compiler(connection=through)
        self._sql, params = compiler.as_sql()
        # For each parameter the name of the identifier that stands there, or None and the constant.
        self._params = [(names_of.get(value) if isinstance(value, (str, UUID)) else None, value) for value in params]
        select, klass_info = compiler.select, compiler.klass_info
        self._compiler = compiler
        expressions = [column[0] for column in select]
        self._converters = compiler.get_converters(expressions)
        own = klass_info["select_fields"]
        self._from, self._to = own[0], own[-1] + 1
        self._model = klass_info["model"]
        self._columns = [select[position][0].target.attname for position in own]
        self._populators = get_related_populators(klass_info, select, through.alias)  # type: ignore[call-arg]
        self._annotations = compiler.annotation_col_map

    def run(self, identifiers: dict[str, UUID]) -> list[M]:
        params = [self._write_id(identifiers[name]) if name else constant for name, constant in self._params]
        with self._through.cursor() as cursor:
            cursor.execute(self._sql, params)
            rows = cursor.fetchall()
        return [self._object(row) for row in self._compiler.apply_converters(rows, self._converters)]

    def _object(self, row: list[Any]) -> M:
        made = self._model.from_db(self._through.alias, self._columns, row[self._from : self._to])
        for populator in self._populators:
            populator.populate(row, made)
        for name, position in self._annotations.items():
            setattr(made, name, row[position])
        return made
