"""What can be filtered by, and how it becomes a condition."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from orchestrator.pages.identifiers import whole_identifier

MOST_PIECES = 8  # of a text between its `*`
MOST_NAMED = 500  # rows of another table that match, whose identifiers are looked for instead


class Unreadable(ValueError):
    """A term cannot be asked this. The message says what it takes, as the end of the sentence “… takes …”."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A value as a term is asked for it. `key` is what follows the name of a term such as `param.`."""

    text: str
    now: datetime
    key: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """`name` is the word of the address and of the line; one that ends in a dot is followed by a key.

    `match` makes the condition, and raises Unreadable. Of several values of a term any one may match, or with
    `together` all of them must. `choices` are all that can be asked; empty where that is free. `reads_all`: no index
    helps, so every row of the stretch of time is looked at.
    """

    name: str
    label: str
    match: Callable[[Asked], Q]
    hint: str = ""
    choices: tuple[str, ...] = ()
    together: bool = False
    reads_all: bool = False


def text_matches(field: str, pattern: str) -> Q:
    """The whole text, in any case; `*` stands for anything. Raises Unreadable."""
    if "*" not in pattern:
        return Q(**{f"{field}__iexact": pattern})
    start, *middle, end = pattern.split("*")
    middle = [part for part in middle if part]
    if len(middle) > MOST_PIECES:
        raise Unreadable(f"at most {MOST_PIECES} pieces between *")
    matches = Q(**{f"{field}__isnull": False})
    if start:
        matches &= Q(**{f"{field}__istartswith": start})
    for part in middle:
        matches &= Q(**{f"{field}__icontains": part})
    if end:
        matches &= Q(**{f"{field}__iendswith": end})
    return matches


def named(
    rows: Any,
    column: str,
    *,
    name: str = "name",
    identifier: bool = True,
    none: bool = False,
    exactly_first: bool = False,
) -> Callable[[Asked], Q]:
    """A term for something with a name: one of `rows`, which `column` refers to.

    Names are looked up first, so that the list is read by an index of `column`; where more than MOST_NAMED match, they
    are compared row by row. A whole `identifier` can be asked for too, and with `none` that the column is empty. With
    `exactly_first` another case is only looked for where nothing has the very name: for tables that are long.
    """

    def match(asked: Asked) -> Q:
        if none and asked.text.lower() == "none":
            return Q(**{f"{column}__isnull": True})
        if identifier and (found := whole_identifier(asked.text)):
            return Q(**{column: found})
        if exactly_first and (ids := first_values(rows.filter(**{name: asked.text}))):
            return Q(**{f"{column}__in": ids[:MOST_NAMED]})
        ids = first_values(rows.filter(text_matches(name, asked.text)))
        if len(ids) > MOST_NAMED:
            return text_matches(f"{column}__{name}", asked.text)
        return Q(**{f"{column}__in": ids})

    return match


def first_values(rows: Any, column: str = "pk") -> list[Any]:
    """MOST_NAMED of them, and one more where there are more."""
    return list(rows.order_by().values_list(column, flat=True)[: MOST_NAMED + 1])


def identifier_begins(field: str) -> Callable[[Asked], Q]:
    """A term for the beginning of an identifier, at least four characters of it."""

    def match(asked: Asked) -> Q:
        begin = asked.text.strip("*…").replace("-", "").lower()
        if not re.fullmatch(r"[0-9a-f]{4,32}", begin):
            raise Unreadable("at least four characters of an identifier")
        return Q(**{f"{field}__gte": UUID(begin.ljust(32, "0")), f"{field}__lte": UUID(begin.ljust(32, "f"))})

    return match


_LENGTH = re.compile(r"(?P<sign>>=|<=|>|<)?\s*(?P<number>\d{1,7}(?:\.\d{1,3})?)\s*(?P<unit>ms|s|m|min|h|d|w)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_LONGEST = 100 * 365 * 86400.0


def length_of_time(text: str) -> tuple[bool, timedelta]:
    """`>5m`: whether it is to be longer (else shorter) than the length; a bare length means longer.

    Raises Unreadable.
    """
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        raise Unreadable("a length of time such as >5m or <30s")
    seconds = float(match["number"]) * _SECONDS[match["unit"] or "s"]
    if seconds > _LONGEST:
        raise Unreadable("a length of time of a hundred years at most")
    return (match["sign"] or ">").startswith(">"), timedelta(seconds=seconds)


_COUNT = re.compile(r"(?P<sign>>=|<=|>|<|=)?\s*(?P<number>\d{1,9})")
_SIGNS = {">": "gt", "<": "lt", ">=": "gte", "<=": "lte", "=": "exact"}


def number(field: str) -> Callable[[Asked], Q]:
    """A term for a count: `>2`, `3`."""

    def match(asked: Asked) -> Q:
        found = _COUNT.fullmatch(asked.text.strip())
        if found is None:
            raise Unreadable("a number such as 3 or >2")
        return Q(**{f"{field}__{_SIGNS[found['sign'] or '=']}": int(found["number"])})

    return match


def one_of(conditions: dict[str, Q]) -> Callable[[Asked], Q]:
    """A term for one of a few words."""

    def match(asked: Asked) -> Q:
        try:
            return conditions[asked.text.lower()]
        except KeyError:
            raise Unreadable(f"one of {', '.join(conditions)}") from None

    return match
