"""Python values as JSON values, for showing and for sending."""

from __future__ import annotations

import json
import math
from typing import Any

from orchestrator.contract.times import format_time

_MAX_DEPTH = 50  # deeper structures are cut: nobody reads them, and a cycle must end somewhere


def encode(value: Any) -> bytes:
    """JSON as UTF-8. Values that JSON does not know are written as their nearest JSON form or as `<TypeName>`."""
    try:
        return _encode(value)
    except (TypeError, ValueError, RecursionError):  # an impossible character is a ValueError too
        return _encode(to_json(value))


def _encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode()


def to_json(value: Any, depth: int = 0) -> Any:
    """The nearest JSON value; a value without one becomes the text `<TypeName>`."""
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if kind is str:
        return value.encode("utf-8", "replace").decode()
    if kind is int:
        return value
    if kind is float:
        return value if math.isfinite(value) else repr(value)
    if depth >= _MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {str(to_json(key)): to_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(item, depth + 1) for item in value]
    return _to_json_by_shape(value, depth)


def _to_json_by_shape(value: Any, depth: int) -> Any:
    from dataclasses import fields, is_dataclass
    from datetime import date, datetime, time, timedelta
    from decimal import Decimal
    from enum import Enum
    from pathlib import PurePath
    from re import Pattern
    from uuid import UUID

    if isinstance(value, Enum):
        return to_json(value.value, depth + 1)
    if isinstance(value, (bool, int, str)):
        return json.loads(json.dumps(value))
    if isinstance(value, float):
        return to_json(float(value))
    if isinstance(value, datetime):
        return format_time(value) if value.tzinfo else value.isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _iso_duration(value)
    if isinstance(value, (UUID, PurePath, Decimal)):
        return str(value)
    if isinstance(value, Pattern):
        return to_json(value.pattern, depth + 1)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: to_json(getattr(value, each.name), depth + 1) for each in fields(value)}
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        try:
            return to_json(dump(), depth + 1)
        except Exception:  # noqa: BLE001 - a model may hold what it cannot dump; showing it must not end a run
            return f"<{type(value).__name__}>"
    return f"<{type(value).__name__}>"


def _iso_duration(value: Any) -> str:
    """ISO 8601: `P1DT2H30M`, `PT1.5S`, `-PT90S`; days are the greatest unit."""
    sign, value = ("-", -value) if value.days < 0 else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
    parts = [(value.days, "D"), (hours, "H"), (minutes, "M")]
    texts = [f"{number}{unit}" if number else "" for number, unit in parts]
    texts.append(f"{seconds}{fraction}S" if seconds or fraction else "")
    clock = "".join(texts[1:])
    return f"{sign}P{texts[0]}{'T' if clock else ''}{clock}" if value else "PT0S"
