"""What a list says of an artifact: a line made of the first few hundred characters of its data, however much it has."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast, Length, Substr

from orchestrator.pages.charts.meter import Meter, meter

HEAD = 600  # characters of the data that a list reads
MOST_WORDS = 160  # characters of a line
TYPES = ("markdown", "table", "image", "progress", "result")
_LONGEST_ESCAPE = 6
_LINK = re.compile(r"\s*\[((?:[^\[\]\\]|\\.)*)\]\((\S+?)\)\s*")
_LINKS = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_MARKS = re.compile(r"^[#>*\-\s|:`]+|[*_`|]+")
_FIRST_OBJECT = re.compile(r"\[?\s*\{(.*)", re.DOTALL)
_KEY = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:')


@dataclass(frozen=True, slots=True)
class Preview:
    """`words` in one line; `url` where a link leads; `meter` how far it is."""

    kind: str
    words: str = ""
    url: str = ""
    meter: Meter | None = None


def with_heads(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The same rows with the beginning of their data and its length, and without the data."""
    text = Cast("data", TextField())
    return rows.defer("data", "metadata").annotate(head=Substr(text, 1, HEAD), length=Length(text))


def preview_of(row: Any) -> Preview:
    """Of a row that `with_heads` has read."""
    head = read_head(row.head, row.length)
    return preview(row.type, head, is_whole=(row.length or 0) <= HEAD)


def preview(kind: str | None, head: str, *, is_whole: bool) -> Preview:
    if kind == "progress":
        bar = progress_bar(head)
        return Preview("progress", bar.words, meter=bar)
    if kind == "image":
        url = link_address(head) if is_whole else ""
        return Preview("image", "a picture of its own" if head.startswith("data:") else _line(head), url)
    if kind == "table":
        return Preview("table", _columns(head))
    if kind == "markdown":
        found = _LINK.fullmatch(head) if is_whole else None
        if found:
            return Preview("link", _line(found[1]) or found[2], link_address(found[2]))
        return Preview("markdown", _first_line(head))
    return Preview(kind or "result", _line(head))


def read_head(head: str | None, length: int | None) -> str:
    """The beginning of a JSON text, as text: of a string its characters, of anything else the JSON."""
    if head is None:
        return ""
    if not head.startswith('"'):
        return "" if head == "null" else head
    if (length or 0) <= HEAD:
        return _loaded(head) or ""
    for cut in range(_LONGEST_ESCAPE + 1):
        text = _loaded(f'{head[: len(head) - cut]}"')
        if text is not None:
            return text
    return ""


def link_address(text: str) -> str:
    """The text, if it is an address that a page may link to."""
    try:
        scheme = urlsplit(text).scheme
    except ValueError:
        return ""
    return text if scheme in ("http", "https") else ""


def progress_bar(data: Any) -> Meter:
    """How far a progress artifact is; its end is no alarm, and what is no number counts as the beginning."""
    try:
        percent = round(max(0.0, min(float(data), 100.0)), 1)
    except (TypeError, ValueError):
        percent = 0.0
    words = f"{percent:g} %"
    bar = meter(percent, 100, sentence=words, words=words)
    return replace(bar, tone="completed") if percent == 100.0 else bar


def _loaded(text: str) -> str | None:
    try:
        loaded = json.loads(text, strict=False)
    except ValueError:
        return None
    return loaded if isinstance(loaded, str) else None


def _first_line(text: str) -> str:
    lines = (_MARKS.sub("", _LINKS.sub(r"\1", line)).strip() for line in text.splitlines())
    return " · ".join([line for line in lines if line][:3])[:MOST_WORDS]


def _columns(head: str) -> str:
    found = _FIRST_OBJECT.match(head)
    if not found:
        return _line(head)
    names = list(dict.fromkeys(_KEY.findall(found[1].partition("}")[0])))
    return f"columns {', '.join(names)}"[:MOST_WORDS]


def _line(text: str) -> str:
    return " ".join(text.split())[:MOST_WORDS]
