"""The filter language, once: a handful of operators, and for each entity the list of its fields.

An app declares an entity's filter in its `api/filters.py`:

    FlowFilter = entity_filter("FlowFilter", id=field("id", UUID, "any_", "not_any_"), tags=tags("tags"))

which is a pydantic model with the contract's name. `condition(filter)` compiles a filled one to a `Q`, and
`matches(filter, values)` asks the same of a mapping, for what is streamed before anybody queries it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial, reduce
from typing import Any, ClassVar

from django.db.models import Q
from django.db.models.expressions import Combinable
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from pydantic import create_model

from orchestrator.rest.bodies import Body, Time
from orchestrator.rest.common_tags import CommonTag, with_common_tags
from orchestrator.rest.lookups import HasTag

Column = str | Combinable  # a path over columns, or an expression
Matches = Callable[[Any, Any], bool]  # (what the row has, what the filter says)


class Filter(Body):
    """A filled filter of one entity, or of one of its fields."""

    conditions: ClassVar[Mapping[str, Condition]] = {}


class Combination(StrEnum):
    """How the fields of a filter are taken together."""

    AND = "and_"
    OR = "or_"


@dataclass(frozen=True, slots=True)
class Operator:
    """What one key such as `any_` asks of a column."""

    compile: Callable[[Column, Any], Q]
    matches: Matches
    takes: Callable[[Any], Any]  # the column's type -> the type of the key's value


def _lookup(column: Column, lookup: str, value: Any) -> Q:
    if isinstance(column, str):
        return Q(**{f"{column}__{lookup}": value})
    return Q({"gte": GreaterThanOrEqual, "lte": LessThanOrEqual}[lookup](column, value))


def _list_of(kind: Any) -> Any:
    return list[kind]


def _at_least(column: Column, value: Any) -> Q:
    return _lookup(column, "gte", value)


def _at_most(column: Column, value: Any) -> Q:
    return _lookup(column, "lte", value)


def _outside(column: Column, values: list[Any]) -> Q:
    return ~_lookup(column, "in", values) & _lookup(column, "isnull", False) if values else Q()


def _not_below(has: Any, value: Any) -> bool:
    return has is not None and has >= value


def _not_above(has: Any, value: Any) -> bool:
    return has is not None and has <= value


OPERATORS: dict[str, Operator] = {
    "any_": Operator(lambda c, v: _lookup(c, "in", v), lambda has, v: has in v, _list_of),
    # Nothing is known of what is missing, so it is in no list and outside of none.
    "not_any_": Operator(_outside, lambda has, v: not v or (has is not None and has not in v), _list_of),
    "like_": Operator(
        lambda c, v: _lookup(c, "icontains", v), lambda has, v: v.lower() in (has or "").lower(), lambda kind: str
    ),
    "startswith_": Operator(
        lambda c, v: any_of([_lookup(c, "istartswith", start) for start in v]),
        lambda has, v: (has or "").lower().startswith(tuple(start.lower() for start in v)),
        _list_of,
    ),
    "before_": Operator(_at_most, _not_above, lambda kind: Time),
    "after_": Operator(_at_least, _not_below, lambda kind: Time),
    "ge_": Operator(_at_least, _not_below, lambda kind: kind),
    "le_": Operator(_at_most, _not_above, lambda kind: kind),
    "eq_": Operator(lambda c, v: _lookup(c, "exact", v), lambda has, v: has == v, lambda kind: kind),
    "is_null_": Operator(lambda c, v: _lookup(c, "isnull", v), lambda has, v: (has is None) == v, lambda kind: bool),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One field of an entity's filter: the model of its keys, and what a filled one means."""

    model: Callable[[str], Any]  # the name for its model -> the type of its value
    compile: Callable[[Any], Q]
    matches: Matches
    default: Any = None
    required: bool = False  # such a key is not null either
    for_list: Callable[[Any], Any] | None = None  # a filled one -> the same, as a list that ends somewhere asks it


def field(column: Column, kind: Any, *operators: str, combined: bool = False) -> Condition:
    """A column with some operators. `combined`: the sub-filter has an `operator` of its own."""
    return _of_operators({key: (column, OPERATORS[key]) for key in operators}, kind, combined)


def timed(
    column: Column, *operators: str, null_column: str | None = None, found_by: Combinable | None = None
) -> Condition:
    """A time. `null_column` is the one that `is_null_` asks when `column` is an expression.

    `found_by` is an expression that has an index, and the same value wherever `column` has one: rows are found by it.
    """
    asked = {key: (null_column if key == "is_null_" and null_column else column, OPERATORS[key]) for key in operators}
    if found_by is not None:
        asked |= {key: (column, _looked_up(OPERATORS[key], found_by)) for key in ("before_", "after_") if key in asked}
    return _of_operators(asked, Time, False)


def _looked_up(operator: Operator, by: Combinable) -> Operator:
    return replace(operator, compile=lambda c, v: operator.compile(c, v) & operator.compile(by, v))


def tags(column: str, *operators: str, rows: Callable[[], Any] | None = None, owner: str = "") -> Condition:
    """A list of tags: `all_` is a superset, `any_` overlaps, `is_null_` is the empty list.

    `rows` gives the table that holds one row per tag with the run's key in `owner`; without it the JSON is read. Lists
    read it for common tags, too: of what they show in their order, one row in a few has such a tag, so that the first
    page is found soon, where databases would rather look up every row with the tag.
    """

    def has(tag: str) -> Q:
        if rows is None or isinstance(tag, CommonTag):
            return Q(HasTag(column, str(tag)))
        return Q(pk__in=rows().filter(tag=tag).values(owner))

    def any_tag(_: Column, wanted: list[str]) -> Q:
        if rows is None:
            return any_of([has(tag) for tag in wanted])
        return Q(pk__in=rows().filter(tag__in=wanted).values(owner))

    def all_tags(_: Column, wanted: list[str]) -> Q:
        return all_of([has(tag) for tag in wanted])

    def empty(_: Column, value: bool) -> Q:
        return Q(**{column: []}) if value else ~Q(**{column: []})

    meaning = {
        "all_": Operator(all_tags, lambda has, v: set(v) <= set(has), _list_of),
        "any_": Operator(any_tag, lambda has, v: bool(set(v) & set(has)), _list_of),
        "is_null_": Operator(empty, lambda has, v: (not has) == v, lambda kind: bool),
    }
    asked = _of_operators({key: (column, meaning[key]) for key in operators or meaning}, str, True)
    return asked if rows is None else replace(asked, for_list=partial(with_common_tags, rows, owner))


def exists(compile: Callable[[bool], Q], key: str = "is_null_", *, combined: bool = False) -> Condition:
    """A question with yes or no about other rows."""
    return custom(key, bool, compile, combined=combined)


def custom(
    key: str,
    kind: Any,
    compile: Callable[[Any], Q],
    matches: Matches | None = None,
    *,
    combined: bool = False,
    required: bool = False,
) -> Condition:
    """A field with one key of a meaning of its own."""
    return group(combined=combined, **{key: bare(kind, compile, matches, required=required)})


def bare(
    kind: Any,
    compile: Callable[[Any], Q],
    matches: Matches | None = None,
    *,
    default: Any = None,
    required: bool = False,
) -> Condition:
    """A key that holds a value itself. Without `matches` nothing that is streamed fits it."""
    return Condition(lambda _: kind, compile, matches or (lambda has, value: False), default, required)


def group(*, combined: bool = False, **fields: Condition) -> Condition:
    """Several fields under one name, such as `state: {type, name}`."""
    return Condition(
        lambda name: _filter_model(name, fields, combined), condition, lambda has, filled: matches(filled, has)
    )


def entity_filter(name: str, /, **fields: Condition) -> type[Filter]:
    """The pydantic model of an entity's filter."""
    return _filter_model(name, fields, combined=True)


def condition(filled: Filter | None) -> Q:
    """What a filled filter asks, as a condition on the entity's rows."""
    parts = parts_of(filled)
    # Beside a field that asks for nothing, any other may be true as well.
    alternatives = parts and all(parts) and getattr(filled, "operator", "and_") == "or_"
    return any_of(parts) if alternatives else _together(filled, parts)


def for_list(filled: Filter | None) -> Filter | None:
    """The same filter, as a list asks it that is read in its order and ends somewhere."""
    changed = asked_by_lists(filled)
    return filled.model_copy(update=changed) if filled is not None and changed else filled


def asked_by_lists(filled: Filter | None) -> dict[str, Any]:
    """The fields that a list asks in another way, and how."""
    if filled is None:
        return {}
    asked = {
        key: (value, asked.for_list(value))
        for key, asked in type(filled).conditions.items()
        if asked.for_list is not None and (value := getattr(filled, key)) is not None
    }
    return {key: otherwise for key, (value, otherwise) in asked.items() if otherwise is not value}


def parts_of(filled: Filter | None) -> list[Q]:
    """What each key that is filled asks."""
    if filled is None:
        return []
    return [
        asked.compile(value)
        for key, asked in type(filled).conditions.items()
        if (value := getattr(filled, key)) is not None
    ]


def _together(filled: Filter | None, parts: list[Q]) -> Q:
    return Q() if getattr(filled, "operator", "and_") == "or_" else all_of(parts)


def matches(filled: Filter | None, values: Any) -> bool:
    """Whether a row, given as a mapping with the filter's field names, fits the filter."""
    if filled is None:
        return True
    found = (
        asked.matches(values.get(key) if isinstance(values, Mapping) else values, value)
        for key, asked in type(filled).conditions.items()
        if (value := getattr(filled, key)) is not None
    )
    if getattr(filled, "operator", "and_") == "or_":
        answers = list(found)
        return not answers or any(answers)
    return all(found)


def all_of(parts: list[Q]) -> Q:
    return reduce(lambda left, right: left & right, parts, Q())


def any_of(parts: list[Q]) -> Q:
    """Of no parts: nothing."""
    return reduce(lambda left, right: left | right, parts) if parts else Q(pk__in=[])


def _of_operators(asked: Mapping[str, tuple[Column, Operator]], kind: Any, combined: bool) -> Condition:
    fields = {
        key: Condition(
            # The loop's variables are bound as defaults, so that each key keeps its own.
            lambda _, takes=operator.takes: takes(kind),  # type: ignore[misc]
            lambda value, column=column, operator=operator: operator.compile(column, value),  # type: ignore[misc]
            operator.matches,
        )
        for key, (column, operator) in asked.items()
    }

    def model(name: str) -> Any:
        return _filter_model(name, fields, combined)

    def fits(has: Any, filled: Any) -> bool:
        return matches(filled, has)

    return Condition(model, condition, fits)


def _filter_model(name: str, fields: Mapping[str, Condition], combined: bool) -> type[Filter]:
    declared: dict[str, Any] = {}
    if combined:
        declared["operator"] = (Combination, Combination.AND)
    for key, asked in fields.items():
        part = "".join(word.capitalize() for word in key.split("_"))
        kind = asked.model(f"{name}{part}")
        declared[key] = (kind, ...) if asked.required else (kind | None, asked.default)
    made = create_model(name, __base__=Filter, **declared)
    made.conditions = dict(fields)
    return made
