"""Which control shows a single value, and what stands in it."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

from orchestrator.pages.schema_forms.fields import Choice, Field
from orchestrator.pages.schema_forms.shapes import Kind, Shape
from orchestrator.pages.schema_forms.values import (
    ABSENT,
    Unread,
    parted_moment,
    readers_offset,
    readers_zone,
    same,
    show_json,
    show_short,
)

MOST_RADIOS = 4
MOST_RADIO_CHARACTERS = 60  # of all their words
LONG = 100  # characters of a text that gets several lines
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_BRANCH_WORDS = {
    Kind.TEXT: "text",
    Kind.WHOLE: "whole number",
    Kind.NUMBER: "number",
    Kind.FLAG: "yes or no",
    Kind.DAY: "day",
    Kind.MOMENT: "day and time",
    Kind.CLOCK: "time of day",
    Kind.SECRET: "secret text",
    Kind.LIST: "list",
    Kind.TABLE: "names and values",
    Kind.OBJECT: "fields",
    Kind.JSON: "JSON",
    Kind.CHOICE: "choice",
    Kind.FIXED: "fixed value",
    Kind.BLOCK: "block",
}
_MODES = {"uri": "url", "email": "email", "idn-email": "email"}
_EXAMPLES = {
    "uuid": "00000000-0000-0000-0000-000000000000",
    "duration": "PT1H30M",
    "uri": "https://",
    "email": "name@example.org",
    "ipv4": "192.0.2.1",
}


def fill(made: Field, shape: Shape, shown: Any) -> bool:
    """Give the field its control. False when none but JSON can show this value."""
    match shape.kind:
        case Kind.TEXT:
            return _text(made, shape, shown)
        case Kind.SECRET:
            return _secret(made, shape, shown)
        case Kind.DAY:
            return _day(made, shown)
        case Kind.MOMENT | Kind.CLOCK:
            return _moment(made, shape, shown)
        case Kind.WHOLE | Kind.NUMBER:
            return _number(made, shape, shown)
        case Kind.FLAG:
            return _flag(made, shape, shown)
        case Kind.CHOICE:
            return _choice(made, shape, shown)
        case Kind.FIXED:
            made.control, made.text = "fixed", show_short(shape.choices[0])
            return shown in (ABSENT, None) or shown == shape.choices[0]
    return False


def as_json(made: Field, shown: Any) -> None:
    is_untouched = made.value is ABSENT and shown is None
    made.control, made.text = "json", "" if shown is ABSENT or is_untouched else show_json(shown)
    made.given = made.value is not ABSENT


def as_lines(item: Shape, shown: Any) -> str | None:
    """A list with one item on each line; None when they would not be read back as they are."""
    if shown is ABSENT:
        return ""
    if not isinstance(shown, list):
        return None
    texts = [_line(item, value) for value in shown]
    return None if None in texts else "\n".join(map(str, texts))


def block_in(value: Any) -> str | None:
    """The block document that a value refers to, in the way that this form writes it."""
    reference = value.get("$ref") if isinstance(value, dict) and len(value) == 1 else None
    found = reference.get("block_document_id") if isinstance(reference, dict) and len(reference) == 1 else None
    try:
        return str(UUID(found)) if isinstance(found, str) and found == str(UUID(found)) else None
    except ValueError:
        return None


def branch_word(branch: Shape) -> str:
    return branch.title or _BRANCH_WORDS[branch.kind]


def choice_text(shape: Shape, value: Any) -> str:
    """A text stands for itself, unless another value is written the same."""
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value not in ("", *(json.dumps(one) for one in shape.choices)):
        return value
    return text


def default_text(shape: Shape, control: str, default: Any) -> str:
    """The default as the field's control would show it, by which a page notices changes.

    `shape` is that of an item, where the control has one on each line.
    """
    if default is None:
        return ""
    if control == "json":
        return show_json(default)
    if control == "lines":
        return as_lines(shape, default) or show_short(default)
    if shape.kind is Kind.CHOICE:
        return choice_text(shape, default)
    return default if isinstance(default, str) else show_short(default)


def _line(item: Shape, value: Any) -> str | None:
    if isinstance(value, Unread):
        return value.text
    if isinstance(value, str) and item.kind in (Kind.TEXT, Kind.WHOLE, Kind.NUMBER):
        is_plain = bool(value.strip()) and "\n" not in value and "\r" not in value
        return value if is_plain and item.kind is Kind.TEXT else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return json.dumps(value) if is_number and item.kind in (Kind.WHOLE, Kind.NUMBER) else None


def _text(made: Field, shape: Shape, shown: Any) -> bool:
    if isinstance(shown, Unread):
        shown = shown.text
    elif not (shown in (ABSENT, None) or isinstance(shown, str)) or (isinstance(shown, str) and "\r" in shown):
        return False
    made.text = shown if isinstance(shown, str) else ""
    made.may_be_none, made.is_none = shape.nullable, shown is None
    schema = shape.schema
    form = str(schema.get("format", ""))
    is_long = "\n" in made.text or len(made.text) > LONG or form in ("multiline", "textarea", "json-string")
    made.control = "area" if is_long else "text"
    if not is_long:
        made.hints = _present(
            inputmode=_MODES.get(form),
            maxlength=schema.get("maxLength"),
            placeholder="none" if made.is_none else _EXAMPLES.get(form),
        )
    return True


def _secret(made: Field, shape: Shape, shown: Any) -> bool:
    """It is never shown; a page knows but whether there is one."""
    made.control, made.stored = "secret", shown not in (ABSENT, None, "")
    made.is_none = made.value is None
    made.may_be_none = shape.nullable and (made.stored or made.is_none)
    return True


def _day(made: Field, shown: Any) -> bool:
    if shown not in (ABSENT, None) and not (isinstance(shown, str) and shown):
        return False
    made.control, made.text = "text", shown if isinstance(shown, str) else ""
    made.kind = "date" if not made.text or _DAY.fullmatch(made.text) else "text"
    return True


def _moment(made: Field, shape: Shape, shown: Any) -> bool:
    if shown in (ABSENT, None):
        parts: tuple[str, str] | None = ("", readers_zone() if shape.kind is Kind.MOMENT else readers_offset())
    elif isinstance(shown, str) and shown:
        parts = parted_moment(shown)
    else:
        return False
    if parts is None or (shape.kind is Kind.MOMENT and parts[0] and "T" not in parts[0]):
        made.control, made.text = "text", shown
        return True
    made.control, (made.text, made.zone) = "moment", parts
    made.kind = "datetime-local" if shape.kind is Kind.MOMENT else "time"
    return True


def _number(made: Field, shape: Shape, shown: Any) -> bool:
    made.control = "text"
    if isinstance(shown, Unread):
        made.text = shown.text  # a field for numbers would hide it
        return True
    if isinstance(shown, bool) or not (shown in (ABSENT, None) or isinstance(shown, int | float)):
        return False
    made.kind, made.text = "number", "" if shown in (ABSENT, None) else json.dumps(shown)
    schema = shape.schema
    made.hints = _present(
        min=schema.get("minimum", schema.get("exclusiveMinimum")),
        max=schema.get("maximum", schema.get("exclusiveMaximum")),
        step=schema.get("multipleOf", 1 if shape.kind is Kind.WHOLE else "any"),
        placeholder="none" if shape.nullable else None,
    )
    return True


def _flag(made: Field, shape: Shape, shown: Any) -> bool:
    if not isinstance(shown, bool) and shown not in (ABSENT, None):
        return False
    if shape.nullable or (not made.required and made.default is ABSENT):
        made.control = "radios"
        word = "none" if shape.nullable else "not set"
        made.choices = [Choice("true", "yes", shown is True), Choice("false", "no", shown is False)]
        made.choices.append(Choice("", word, not isinstance(shown, bool)))
    else:
        made.control, made.checked = "flag", shown is True
    return True


def _choice(made: Field, shape: Shape, shown: Any) -> bool:
    texts = {choice_text(shape, value): value for value in shape.choices}
    if shown not in (ABSENT, None) and not any(same(one, shown) for one in shape.choices):
        return False
    chosen = None if shown in (ABSENT, None) else choice_text(shape, shown)
    made.choices = [Choice(text, text if text else '""', text == chosen) for text in texts]
    is_short = len(texts) <= MOST_RADIOS and sum(map(len, texts)) <= MOST_RADIO_CHARACTERS
    made.control = "radios" if is_short else "select"
    if shape.nullable:
        made.choices.append(Choice("", "none", chosen is None))
    elif not made.required and made.default is ABSENT:
        made.choices.append(Choice("", "not set", chosen is None))
    elif not is_short and chosen is None:
        made.choices.insert(0, Choice("", "choose…", True))
    return True


def _present(**hints: Any) -> dict[str, Any]:
    return {name: value for name, value in hints.items() if isinstance(value, str | int | float)}
