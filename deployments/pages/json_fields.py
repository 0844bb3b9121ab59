"""Fields of the forms here that hold JSON: read by the kit, which says the line and the column of a mistake."""

from __future__ import annotations

from typing import Any

from orchestrator.pages.schema_forms.values import Unread, read_json


def json_object(text: str) -> dict[str, Any]:
    """The names and values in `text`; none when it is empty. Raises ValueError with words for whoever wrote it."""
    if not text:
        return {}
    value = read_json(text)
    if isinstance(value, Unread):
        raise ValueError(value.error)
    if not isinstance(value, dict):
        raise ValueError('This has to be a JSON object: names and their values in braces, such as {"region": "eu"}.')
    return value
