"""Parameters may say how they came to be: `{"__prefect_kind": "json", "value": "[1, 2]"}` stands for `[1, 2]`."""

from __future__ import annotations

from typing import Any

import orjson

from orchestrator.rest.errors import Refused

KIND = "__prefect_kind"


def hydrated(value: Any) -> Any:
    """The value with everything replaced that stands for something else, at any depth.

    Raises Refused (400) for JSON that cannot be read, and for kinds that are not known here.
    """
    if isinstance(value, list):
        return [hydrated(item) for item in value]
    if not isinstance(value, dict):
        return value
    if KIND not in value:
        return {key: hydrated(item) for key, item in value.items()}
    kind = value[KIND]
    if kind == "none":
        return hydrated(value.get("value"))
    if kind == "json":
        return hydrated(_parsed(value.get("value")))
    raise Refused(f"Error hydrating flow run parameters: this server does not support the kind {kind!r} yet.")


def _parsed(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refused(f"Error hydrating flow run parameters: Invalid JSON: {error}") from None
