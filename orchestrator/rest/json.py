"""JSON in and out, whatever the client says it wants."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from orchestrator.contract.times import format_time

SAFE_DEPTH = 200  # the encoder gives up at 254
WRAPPINGS = 20
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


def dump(value: Any) -> bytes:
    """JSON of an answer. Times are written with microseconds always, so that they also sort as text."""
    return orjson.dumps(value, default=_write, option=_OPTIONS)


def load_json(text: str | bytes) -> Any:
    """The value, without the character NUL, which PostgreSQL cannot store.

    Raises orjson.JSONDecodeError, also for what is nested too deeply: stored, it would break every answer that has it.
    """
    value = orjson.loads(text)
    raw = text.encode() if isinstance(text, str) else text
    if raw.count(b"[") + raw.count(b"{") > SAFE_DEPTH and not _can_be_written(value):
        raise orjson.JSONDecodeError("The value is nested too deeply", "", 0)
    return _without_nul(value) if b"\\u0000" in raw else value


def _can_be_written(value: Any) -> bool:
    """Also inside the lists and objects that an answer puts around it."""
    for _ in range(WRAPPINGS):
        value = [value]
    try:
        orjson.dumps(value)
    except TypeError:
        return False
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
    raise TypeError(f"{type(value).__name__} has no JSON form")


class JsonRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        # A 204 has no body; any other answer without a value is `null`.
        if data is None and renderer_context and renderer_context["response"].status_code == 204:
            return b""
        return dump(data)


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
            raise ParseError(f"The body is not JSON: {error}") from None


class AlwaysJson(BaseContentNegotiation):
    """There is one format, so `Accept` is not asked."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type
