"""Rows that a search body asks for, by SQL that is composed once for each form of a body.

The form is which keys are filled, how many values stand in each list, and which of them are the same. Values are texts,
UUIDs and times in filters. Whatever else a body says, such as types of states and the order, belongs to its form.
Composing the SQL takes longer than counting some hundred runs, and dashboards and workers ask the same again and again,
of other moments and identifiers.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import DateTimeField, Func, IntegerField, Model, QuerySet, UUIDField

from orchestrator.rest.bodies import Body
from orchestrator.rest.common_tags import CommonTag
from orchestrator.rest.filters import Filter
from orchestrator.rest.search import Entity, narrow
from orchestrator.statements.counting import number_of
from orchestrator.statements.executing import rows_of

Value = str | UUID | datetime
Statement = tuple[str, tuple[Any, ...]]  # SQL and its parameters
Select = Callable[[QuerySet], QuerySet]  # what is read of the rows

MOST_FORMS = 1_000  # that are remembered; then it begins anew
MOST_VALUES = 100  # of one list; bodies with longer ones are composed each time, and nothing is kept of them
_KINDS = (str, CommonTag, UUID, datetime)
_SLICE = frozenset({"limit", "offset", "page"})  # keys of a body that say which part of the rows is wanted


@dataclass(frozen=True, slots=True)
class AskedRows:
    """The rows of `make(entity, body)`, as a QuerySet that can be sliced, counted and read by `read_rows`.

    What `make` does may depend on the form of the body alone.
    """

    entity: Entity
    body: Any
    make: Callable[[Entity, Any], QuerySet] = narrow
    offset: int = 0
    size: int | None = None  # None: to the end

    @property
    def model(self) -> type[Model]:
        return self.entity.model

    def __getitem__(self, part: slice) -> AskedRows:
        return replace(self, offset=part.start, size=part.stop - part.start)

    def none(self) -> AskedRows:
        return replace(self, size=0)

    def count(self) -> int:
        """Of all rows, whatever the slice is."""
        statement = self._whole("count", number_of)
        if statement is None:
            return 0
        [[count]] = rows_of(*statement)
        return int(count)

    def has(self, number: int) -> bool:
        """Whether there are so many rows. No more are looked for."""
        statement = self._whole("ones", _ones)
        if statement is None:
            return number == 0
        sql, params = statement
        [[count]] = rows_of(f"SELECT COUNT(*) FROM ({sql} LIMIT {number:d}) AS first_rows", params)
        return int(count) == number

    def statement(self, read: Hashable, select: Select) -> Statement | None:
        """What reads these rows, where `read` is another for every other `select`. None when there can be none."""
        whole = self._whole(read, select) if self.size != 0 else None
        if whole is None or self.size is None:
            return whole
        sql, params = whole
        return f"{sql} LIMIT {self.size:d} OFFSET {self.offset:d}", params

    def _whole(self, read: Hashable, select: Select) -> Statement | None:
        values: dict[Value, int] = {}
        try:
            form = (self.entity, self.make, read, _form_of_body(self.body, values))
        except _TooLong:
            return _composed(select(self.make(self.entity, self.body)))
        try:
            template = _templates[form]
        except KeyError:
            if len(_templates) >= MOST_FORMS:
                _templates.clear()
            template = _template(lambda body: select(self.make(self.entity, body)), self.body, list(values))
            _templates[form] = template
        if template is None:
            return _composed(select(self.make(self.entity, self.body)))
        return template.filled(values)


class _Key(Filter):
    id: UUID


class _KeyBody(Body):
    key: _Key


def row_of(entity: Entity, key: UUID) -> AskedRows:
    """The row of this identifier, if there is one."""
    return AskedRows(entity, _KeyBody(key=_Key(id=key)), _with_key)


def _with_key(entity: Entity, body: _KeyBody) -> QuerySet:
    return entity.model._default_manager.filter(pk=body.key.id)


@dataclass(frozen=True, slots=True)
class _Template:
    """SQL, and of each parameter either the number of the value that it carries or None and the constant."""

    sql: str
    params: tuple[tuple[int | None, Any], ...]

    def filled(self, values: Iterable[Value]) -> Statement:
        written = [_written(value) for value in values]
        return self.sql, tuple(constant if number is None else written[number] for number, constant in self.params)


_templates: dict[Hashable, _Template | None] = {}  # by form; None: composed each time


def _ones(rows: QuerySet) -> QuerySet:
    return rows.order_by().values_list(Func(template="1", output_field=IntegerField()))


def _form_of_body(body: Any, values: dict[Value, int]) -> Hashable:
    """Values are in its filters alone. They are added to `values`, each with a number."""
    return type(body), *(
        (key, _form(part, values) if isinstance(part, Filter) else part)
        for key, part in vars(body).items()
        if part is not None and key not in _SLICE
    )


class _TooLong(Exception):
    """A list of the body has more than MOST_VALUES."""


def _form(part: Any, values: dict[Value, int]) -> Hashable:
    kind = type(part)
    if kind in _KINDS and part != "":
        return kind, values.setdefault(part, len(values))
    if isinstance(part, Filter):
        return kind, *((key, _form(value, values)) for key, value in vars(part).items() if value is not None)
    if kind is list:
        if len(part) > MOST_VALUES:
            raise _TooLong
        return kind, *(_form(value, values) for value in part)
    return kind, part


def _template(make: Callable[[Any], QuerySet], body: Any, values: list[Value]) -> _Template | None:
    """None when the SQL carries values in another way than as they are, as a search for parts of a text does.

    It is composed of two sets of values that nobody sends: what differs between the two and is none of them was made
    of a value, nobody knows how.
    """
    first, second = (
        _composed_of(make, body, {value: _mark(value, number, since) for number, value in enumerate(values)})
        for since in (datetime(9000, 1, 1, tzinfo=UTC), datetime(8888, 8, 8, 8, 8, 8, 88, tzinfo=UTC))
    )
    if first is None or first != second:
        return None
    carried = {number for number, _ in first.params if number is not None}
    return first if len(carried) == len(values) else None


def _mark(value: Value, number: int, since: datetime) -> Value:
    if isinstance(value, datetime):
        return since + timedelta(microseconds=number)
    return uuid4() if isinstance(value, UUID) else uuid4().hex


def _composed_of(make: Callable[[Any], QuerySet], body: Any, marks: Mapping[Value, Value]) -> _Template | None:
    filters = {key: _with(part, marks) for key, part in vars(body).items() if isinstance(part, Filter)}
    statement = _composed(make(body.model_copy(update=filters)))
    if statement is None:
        return None
    sql, params = statement
    numbers = {_written(mark): number for number, mark in enumerate(marks.values())}
    found = [numbers.get(param) if isinstance(param, _KINDS) else None for param in params]
    constants = [param if number is None else None for number, param in zip(found, params, strict=True)]
    return _Template(sql, tuple(zip(found, constants, strict=True)))


def _with(part: Any, marks: Mapping[Value, Value]) -> Any:
    """A part of a filter with marks for its values."""
    if isinstance(part, Filter):
        return part.model_copy(update={key: _with(value, marks) for key, value in vars(part).items()})
    if type(part) is list:
        return [_with(value, marks) for value in part]
    if type(part) not in _KINDS or part == "":
        return part
    return CommonTag(marks[part]) if type(part) is CommonTag else marks[part]


def _composed(rows: QuerySet) -> Statement | None:
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:
        return None
    return sql, tuple(params)


_UUID, _TIME = UUIDField(), DateTimeField()


def _written(value: Value) -> Any:
    """As Django gives a value of such a column to the driver of the database."""
    if isinstance(value, str):
        return value
    return (_UUID if isinstance(value, UUID) else _TIME).get_db_prep_value(value, connection)
