"""JSON in and out, whatever the client says it wants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpResponse
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from orchestrator.contract.times import format_time

MEDIA_TYPE = "application/json"
SAFE_DEPTH = 230  # the encoder gives up at 254, and an answer puts lists and objects around a value
_LONG_NUMBER = b"0" * 19  # so many digits may be beyond the 64 bits that orjson reads and writes exactly
_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)  # looking for them so takes a tenth of what a pattern takes
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


def dump(value: Any) -> bytes:
    """JSON of an answer. Times are written with microseconds always, so that they also sort as text."""
    try:
        return orjson.dumps(value, default=_write, option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        if "64-bit" not in str(error):
            raise
        return json.dumps(value, default=_write, separators=(",", ":"), ensure_ascii=False).encode()


def load_json(text: str | bytes) -> Any:
    """The value, without the character NUL, which PostgreSQL cannot store.

    Raises orjson.JSONDecodeError, also for what is nested too deeply: stored, it would break every answer that has it.
    """
    raw = text.encode() if isinstance(text, str) else text
    value = _load_exactly(raw) if _LONG_NUMBER in raw.translate(_DIGITS_AS_ZEROS) else orjson.loads(raw)
    if raw.count(b"[") + raw.count(b"{") > SAFE_DEPTH and not _is_nested_within(SAFE_DEPTH, value):
        raise orjson.JSONDecodeError("The value is nested too deeply", "", 0)
    return _without_nul(value) if b"\\u0000" in raw else value


def _load_exactly(raw: bytes) -> Any:
    """With integers of any length, which orjson would turn into floats."""
    try:
        orjson.loads(raw)  # is stricter: with text that is no Unicode, and with numbers beyond all floats
        return json.loads(raw)
    except orjson.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        raise orjson.JSONDecodeError(str(error), "", 0) from None


def _is_nested_within(levels: int, value: Any) -> bool:
    if isinstance(value, dict):
        return levels > 0 and all(_is_nested_within(levels - 1, inner) for inner in value.values())
    if isinstance(value, list):
        return levels > 0 and all(_is_nested_within(levels - 1, inner) for inner in value)
    return True


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, list):
        return [_without_nul(inner) for inner in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(inner) for key, inner in value.items()}
    return value


def _write(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, orjson.Fragment):
        return json.loads(orjson.dumps(value))
    raise TypeError(f"{type(value).__name__} has no JSON form")


class JsonAnswer(HttpResponse):
    """The answer of a view: a value as JSON, or with status 204 nothing.

    The REST framework's own puts off the writing until a format is chosen, as templates do, which takes five times as
    long. Here there is one format.
    """

    def __init__(self, value: Any = None, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(b"" if status == 204 else dump(value), MEDIA_TYPE, status, headers=headers)
        if status == 204:
            del self["Content-Type"]


class JsonRenderer(BaseRenderer):
    media_type = MEDIA_TYPE
    format = "json"
    charset = None
    render_style = "binary"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return dump(data)


class NotJson(ParseError):
    """A body that is no JSON: where and why, and its text."""

    def __init__(self, raw: bytes, error: orjson.JSONDecodeError) -> None:
        super().__init__(str(error))
        self.position, self.reason = _first_fault(raw) or (error.pos, error.msg)
        self.text = raw.decode(errors="replace")


def _first_fault(raw: bytes) -> tuple[int, str] | None:
    """As the standard library puts it, which clients know; None when it finds none."""
    try:
        json.loads(raw)
    except json.JSONDecodeError as error:
        return error.pos, error.msg
    except (ValueError, RecursionError):
        return None
    return None


class JsonParser(BaseParser):
    """Takes every content type, because small tools send JSON without saying so."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        raw = stream.body if hasattr(stream, "body") else stream.read()
        if not raw:
            return {}
        try:
            return load_json(raw)
        except orjson.JSONDecodeError as error:
            raise NotJson(raw, error) from None


class AlwaysJson(BaseContentNegotiation):
    """There is one format, so `Accept` is not asked."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type
