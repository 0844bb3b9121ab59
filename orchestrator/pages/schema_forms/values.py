"""Values on their way between JSON and the text of a field."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.utils import timezone

from orchestrator.pages.preferences import zone_named
from orchestrator.rest.json import load_json


class Absent(Enum):
    """Stands where there is no value at all, which is not the same as null."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Unread:
    """A text that is no value of its field. It stands in the value's place, so that the form can show it again."""

    text: str
    error: str


def without_nul(text: str) -> str:
    """As texts in JSON come in, too: PostgreSQL cannot store the character."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def read_json(text: str) -> Any:
    """The value, or Unread with the line and the column of the error."""
    text = text.replace("\r\n", "\n")
    try:
        return load_json(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        return Unread(text, _place_and_reason(text, str(getattr(error, "msg", error))))


def _place_and_reason(text: str, otherwise: str) -> str:
    """As the standard library puts it, which names things better."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        hint = ' A text needs quotes: "…".' if re.fullmatch(r"[A-Za-z_]\S*", text.strip()) else ""
        return f"No JSON: line {error.lineno}, column {error.colno}: {error.msg}.{hint}"
    except (ValueError, RecursionError):
        pass
    return f"No JSON: {otherwise}."


def read_number(text: str, *, whole: bool) -> Any:
    """The number as it is written: `1` and `1.0` are two. Unread when it is none."""
    value = read_json(text.strip().removeprefix("+"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Unread(text, f"Not a {'whole ' if whole else ''}number.")
    return value


def show_json(value: Any) -> str:
    """On several lines, as people edit it."""
    return value.text if isinstance(value, Unread) else json.dumps(bare(value), ensure_ascii=False, indent=2)


def show_short(value: Any, *, most: int = 80) -> str:
    """On one line, cut; a text stands as it is."""
    text = value if isinstance(value, str) else json.dumps(bare(value), ensure_ascii=False)
    return text if len(text) <= most else f"{text[:most]}…"


def bare(value: Any) -> Any:
    """With the text of what could not be read in its place."""
    if isinstance(value, Unread):
        return value.text
    if isinstance(value, list):
        return [bare(item) for item in value]
    if isinstance(value, dict):
        return {key: bare(item) for key, item in value.items()}
    return value


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 is neither 1.0 nor true."""
    if one is ABSENT or other is ABSENT:
        return one is other
    if isinstance(one, Unread) or isinstance(other, Unread):
        return False
    try:
        return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    except (TypeError, ValueError):
        return False


def value_at(values: Any, path: Sequence[str | int]) -> Any:
    """What is there; ABSENT when nothing is."""
    for part in path:
        is_key = isinstance(values, dict) and part in values
        if not is_key and not (isinstance(values, list) and isinstance(part, int) and part < len(values)):
            return ABSENT
        values = values[part]
    return values


# --- Moments: the browser's fields know no zone, so it has one beside them -----------------------------------------

_ZONED = re.compile(r"(?:(\d{4}-\d\d-\d\d)T)?(\d\d:\d\d:\d\d)(Z|[+-]\d\d:\d\d)")
NO_SECONDS = 5  # characters of a time that browsers shorten to hours and minutes


def parted_moment(value: str) -> tuple[str, str] | None:
    """A moment or a time as its field and its zone; None when both together would not make the same text."""
    match = _ZONED.fullmatch(value)
    if match is None:
        return None
    day, clock, zone = match.groups()
    return (f"{day}T{clock}" if day else clock), zone


def joined_moment(local: str, zone: str) -> str:
    """`zone` is an offset from UTC, or the name of a time zone, whose clocks have one at that moment.

    Raises nothing: what is no moment is refused by its schema.
    """
    _, _, clock = local.rpartition("T")
    seconds = ":00" if len(clock) == NO_SECONDS else ""
    return f"{local}{seconds}{_offset_then(local, zone.strip()) or 'Z'}"


def readers_zone() -> str:
    """In which this page is read: its name, so that a moment of another season gets that season's offset."""
    zone = timezone.get_current_timezone()
    return zone.key if isinstance(zone, ZoneInfo) and zone.key != "UTC" else readers_offset()


def readers_offset() -> str:
    """From UTC, now, in the zone in which this page is read."""
    return _offset_words(timezone.localtime())


def _offset_then(local: str, zone: str) -> str:
    named = zone_named(zone)
    try:
        return zone if named is None else _offset_words(datetime.fromisoformat(local).replace(tzinfo=named))
    except ValueError:
        return zone


def _offset_words(moment: datetime) -> str:
    offset = f"{moment:%z}"
    return "Z" if offset in ("", "+0000") else f"{offset[:3]}:{offset[3:5]}"
