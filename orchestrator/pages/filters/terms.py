"""What can be filtered by, and how it becomes a condition."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q


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
    `together` all of them must. `choices` are all that can be asked; empty where that is free.
    """

    name: str
    label: str
    match: Callable[[Asked], Q]
    hint: str = ""
    choices: tuple[str, ...] = ()
    together: bool = False


def text_matches(field: str, pattern: str) -> Q:
    """The whole text, in any case; `*` stands for anything."""
    if "*" not in pattern:
        return Q(**{f"{field}__iexact": pattern})
    start, *middle, end = pattern.split("*")
    matches = Q(**{f"{field}__isnull": False})
    if start:
        matches &= Q(**{f"{field}__istartswith": start})
    for part in filter(None, middle):
        matches &= Q(**{f"{field}__icontains": part})
    if end:
        matches &= Q(**{f"{field}__iendswith": end})
    return matches


def named(field: str, *, identifier: str = "", none: str = "") -> Callable[[Asked], Q]:
    """A term for something with a name. `identifier` is the column that a whole identifier is looked up in; `none`
    the one that is empty where `none` is asked for."""

    def match(asked: Asked) -> Q:
        if none and asked.text.lower() == "none":
            return Q(**{f"{none}__isnull": True})
        found = whole_identifier(asked.text) if identifier else None
        return Q(**{identifier: found}) if found else text_matches(field, asked.text)

    return match


def whole_identifier(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


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
