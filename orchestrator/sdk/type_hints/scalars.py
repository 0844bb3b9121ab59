"""Single values of the standard types, out of what JSON, a form or a command line can say.

Each function gives the value as its type, and raises ValueError, TypeError or ArithmeticError for what is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from numbers import Real
from operator import index
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

_MILLISECONDS_FROM = 20_000_000_000  # a greater number of seconds would be after the year 2600
_MOST_DECIMAL = Decimal(10) ** 4000  # the whole of 1E+1000000000 takes for ever
_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE = frozenset({"0", "false", "f", "no", "n", "off"})
_ISO_DURATION = re.compile(
    r"(?P<sign>[+-])?P(?:(?P<weeks>[\d.]+)W)?(?:(?P<days>[\d.]+)D)?"
    r"(?:T(?:(?P<hours>[\d.]+)H)?(?:(?P<minutes>[\d.]+)M)?(?:(?P<seconds>[\d.]+)S)?)?"
)
_CLOCK = re.compile(
    r"(?P<sign>[+-])?(?:(?P<days>\d+)(?: days?)?,? )?"
    r"(?P<hours>\d+):(?P<minutes>\d{2})(?::(?P<seconds>\d{2}(?:\.\d+)?))?"
)


def to_int(value: Any) -> int:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        whole, _, zeros = value.strip().partition(".")
        if zeros.strip("0"):
            raise ValueError
        return int(whole)
    if isinstance(value, float) and value == int(value):
        return int(value)
    if isinstance(value, Decimal) and abs(value) < _MOST_DECIMAL and value == int(value):
        return int(value)
    return index(value)  # the integers of other libraries say so; TypeError for anything else


def to_float(value: Any) -> float:
    if isinstance(value, (int, float, str, Decimal, Real)):
        return float(value)
    raise TypeError


def to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    if isinstance(value, (int, float)) and value in (0, 1):
        return bool(value)
    raise ValueError


def to_str(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray)):
        return value.decode()
    raise TypeError


def to_bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    raise TypeError


def to_complex(value: Any) -> complex:
    if isinstance(value, (complex, int, float, str)):
        return complex(value)
    raise TypeError


def to_datetime(value: Any) -> datetime:
    """ISO 8601 text, or seconds (or milliseconds) since 1970, which are UTC. Text without a zone stays without one."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a date says nothing about zones
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, str):
        text = value.strip()
        if not re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
            return datetime.fromisoformat(text)
        value = float(text)
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value / 1000 if abs(value) > _MILLISECONDS_FROM else value, UTC)
    raise TypeError


def to_date(value: Any) -> date:
    """A time of day is refused, unless it is midnight."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    moment = to_datetime(value)
    if moment.time() != time.min:
        raise ValueError
    return moment.date()


def to_time(value: Any) -> time:
    if isinstance(value, time):
        return value
    if isinstance(value, str):
        return time.fromisoformat(value.strip())
    raise TypeError


def to_timedelta(value: Any) -> timedelta:
    """Seconds, ISO 8601 (`PT1H30M`), or `[days ]hours:minutes[:seconds]`."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return timedelta(seconds=value)
    if not isinstance(value, str):
        raise TypeError
    text = value.strip()
    found = _ISO_DURATION.fullmatch(text) or _CLOCK.fullmatch(text)
    if found is None:
        return timedelta(seconds=float(text))
    parts = found.groupdict()
    sign = -1 if parts.pop("sign") == "-" else 1
    given = {unit: float(number) for unit, number in parts.items() if number is not None}
    if not given:
        raise ValueError
    return sign * timedelta(**given)


def to_uuid(value: Any) -> UUID:
    if isinstance(value, UUID):
        return value
    if isinstance(value, str):
        return UUID(value.strip())
    if isinstance(value, bytes):
        return UUID(bytes=value)
    raise TypeError


def to_decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        return Decimal(str(value).strip())
    raise TypeError


def to_path(value: Any) -> Path:
    if isinstance(value, (str, PurePath)):
        return value if isinstance(value, Path) else Path(value)
    raise TypeError


def to_pure_path(value: Any) -> PurePath:
    if isinstance(value, (str, PurePath)):
        return value if isinstance(value, PurePath) else PurePath(value)
    raise TypeError


def to_pattern(value: Any) -> re.Pattern[Any]:
    if isinstance(value, re.Pattern):
        return value
    if isinstance(value, str):
        try:
            return re.compile(value)
        except re.error as error:
            raise ValueError(str(error)) from None
    raise TypeError


SCALARS: dict[type, Callable[[Any], Any]] = {
    int: to_int,
    float: to_float,
    bool: to_bool,
    str: to_str,
    bytes: to_bytes,
    complex: to_complex,
    datetime: to_datetime,
    date: to_date,
    time: to_time,
    timedelta: to_timedelta,
    UUID: to_uuid,
    Decimal: to_decimal,
    Path: to_path,
    PurePath: to_pure_path,
    re.Pattern: to_pattern,
}
