"""Single values out of what was posted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from orchestrator.pages.schema_forms import names
from orchestrator.pages.schema_forms.controls import choice_text
from orchestrator.pages.schema_forms.shapes import Kind, Shape
from orchestrator.pages.schema_forms.values import ABSENT, Unread, joined_moment, read_number

UNTICK = "Untick “none”, or empty the field."


def read_scalar(shape: Shape, name: str, posted: Mapping[str, str], *, required: bool, given: bool) -> Any:
    """The value of a field of one control; ABSENT when nothing was typed where that says nothing."""
    match shape.kind:
        case Kind.TEXT:
            return _text(shape, name, posted, required=required, given=given)
        case Kind.WHOLE | Kind.NUMBER:
            text = posted.get(name, "").strip()
            return read_number(text, whole=shape.kind is Kind.WHOLE) if text else _nothing(shape)
        case Kind.DAY | Kind.MOMENT | Kind.CLOCK:
            text = posted.get(name, "").strip()
            zone = posted.get(name + names.ZONE)
            if not text:
                return _nothing(shape)
            return text if zone is None else joined_moment(text, zone)
        case Kind.FLAG:
            text = posted.get(name, "false")
            return {"true": True, "false": False}.get(text, _nothing(shape))
        case Kind.CHOICE:
            text = posted.get(name, "")
            return next((value for value in shape.choices if choice_text(shape, value) == text), _nothing(shape))
        case Kind.FIXED:
            return shape.choices[0] if required or given or shape.default is not ABSENT else ABSENT
        case Kind.BLOCK:
            text = posted.get(name, "")
            return {"$ref": {"block_document_id": text}} if text else _nothing(shape)
    return ABSENT


def _text(shape: Shape, name: str, posted: Mapping[str, str], *, required: bool, given: bool) -> Any:
    if name not in posted:
        return ABSENT
    text = posted[name].replace("\r\n", "\n")
    if name + names.NULL in posted:
        return Unread(text, UNTICK) if text else None
    return ABSENT if required and not text and not given else text


def _nothing(shape: Shape) -> Any:
    return None if shape.nullable else ABSENT


def typed_value(shape: Shape, text: str) -> Any:
    """The value that a text in a link means for this field: a text as it is, everything else as JSON."""
    if shape.kind in (Kind.TEXT, Kind.SECRET, Kind.DAY, Kind.MOMENT, Kind.CLOCK):
        return None if text == "null" and shape.nullable else text
    if shape.kind is Kind.CHOICE:
        return next((value for value in shape.choices if choice_text(shape, value) == text), text)
    if shape.kind is Kind.FLAG and text.lower() in ("true", "yes", "1", "false", "no", "0"):
        return text.lower() in ("true", "yes", "1")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
