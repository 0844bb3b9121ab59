"""Rows of many things, so many of each, in one query whose parts are all alike and composed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, QuerySet, UUIDField

from orchestrator.statements.memory import kept

_AT = datetime(9000, 1, 1, tzinfo=UTC)  # no moment that a query would name by itself
_KEY, _MOMENT = object(), object()  # where a parameter stands for what is given


class RowsOfEach:
    """A QuerySet of `values(…)` as a function of a UUID and a moment, for many UUIDs at once.

    Which rows and columns it reads may depend on nothing else. It may be sliced, but only inside of a condition.
    """

    def __init__(self, make: Callable[[UUID, datetime], QuerySet[Any, Any]]) -> None:
        self._make = make

    def all(self, keys: Sequence[UUID], at: datetime) -> list[dict[str, Any]]:
        """The rows of the first key, then those of the second, and so on. No query for no keys."""
        if not keys:
            return []
        part: _Part = kept(self, lambda through: _composed(self._make, through))
        return part.read(keys, at)


@dataclass(frozen=True, slots=True)
class _Part:
    through: BaseDatabaseWrapper
    compiler: Any
    sql: str
    params: list[Any]  # constants, and the marks above
    names: list[str]
    converters: dict[int, Any]

    def read(self, keys: Sequence[UUID], at: datetime) -> list[dict[str, Any]]:
        moment = DateTimeField().get_db_prep_value(at, self.through)
        params: list[Any] = []
        for key in keys:
            given = {_KEY: UUIDField().get_db_prep_value(key, self.through), _MOMENT: moment}
            params += [given[value] if value is _KEY or value is _MOMENT else value for value in self.params]
        with self.through.cursor() as cursor:
            cursor.execute(" UNION ALL ".join([self.sql] * len(keys)), params)
            rows = cursor.fetchall()
        return [
            dict(zip(self.names, row, strict=True)) for row in self.compiler.apply_converters(rows, self.converters)
        ]


def _composed(make: Callable[[UUID, datetime], QuerySet[Any, Any]], through: BaseDatabaseWrapper) -> _Part:
    key = uuid4()
    query = make(key, _AT).query
    compiler: Any = query.get_compiler(connection=through)
    sql, params = compiler.as_sql()
    marks = {
        UUIDField().get_db_prep_value(key, through): _KEY,
        DateTimeField().get_db_prep_value(_AT, through): _MOMENT,
    }
    return _Part(
        through=through,
        compiler=compiler,
        sql=sql,
        params=[marks.get(value, value) if isinstance(value, (str, UUID, datetime)) else value for value in params],
        names=list(query.selected or ()),
        converters=compiler.get_converters([column[0] for column in compiler.select]),
    )
