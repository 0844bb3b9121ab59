"""A message as HTML: colours of terminals, links, what was searched for, and long things folded.

Everything that a run wrote is escaped. Only `format_html` and `format_html_join` put markup around it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from runs.pages.logs.folding import fold_frames
from runs.pages.logs.patterns import Needle

LONGEST = 12_000  # characters of one message that a page shows
TAIL = 2_000  # of them from its end
LONG_JSON = 120  # characters from which on JSON is folded
LONGEST_JSON = 3 * LONGEST  # characters over several lines; what is nested deeply grows a thousand times by its indents
LONGEST_CODE = 4  # digits of a colour's number; no terminal knows longer ones

_SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)[ -/]*([@-~])")
_LINK = re.compile(r"\bhttps?://[^\s<>\"'`\\^{|}]+")
_AFTER_A_LINK = ".,;:!?)]"
# The colours of terminals as the tones of states, which can be read on light and on dark.
_TONES = {1: "failed", 2: "completed", 3: "late", 4: "running", 5: "paused", 6: "cached"}


def message_html(message: str, needle: Needle | None = None) -> SafeString:
    """The message, with what `needle` finds in it marked."""
    text, left_out = _bounded(message)
    is_plain = "\x1b" not in text and "://" not in text and "\n" not in text and len(text) < LONG_JSON
    if is_plain and needle is None:
        return conditional_escape(text)
    html = _folded(text, needle)
    if not left_out:
        return html
    return format_html("{} <em>{} characters are left out; a download has them all.</em>", html, f"{left_out:,}")


def _bounded(message: str) -> tuple[str, int]:
    if len(message) <= LONGEST:
        return message, 0
    return f"{message[: LONGEST - TAIL]} … {message[-TAIL:]}", len(message) - LONGEST


def _folded(text: str, needle: Needle | None) -> SafeString:
    pretty = _pretty_json(text)
    if pretty:
        return _behind(_marked(_one_line(text), needle), _decorated(pretty, needle))
    parts = fold_frames(text)
    if parts is None:
        return _coloured(text, needle)
    told = ((part.words, _coloured(part.text, needle)) for part in parts)
    return format_html_join("", "{}", ((_behind(words, html) if words else html,) for words, html in told))


def _behind(words: str, html: SafeString) -> SafeString:
    """Folded, unless what was found is in it and not in the words that are shown instead."""
    is_open = "<mark>" in html and "<mark>" not in words
    return format_html("<details{}><summary>{}</summary>{}</details>", " open" if is_open else "", words, html)


def _pretty_json(text: str) -> str:
    """The value that the whole message is, over several lines; empty when it is none, short, or grows too long."""
    if len(text) < LONG_JSON or text[:1] not in "{[" or text.rstrip()[-1:] not in "}]":
        return ""
    pieces, length = [], 0
    try:
        for piece in json.JSONEncoder(ensure_ascii=False, indent=2).iterencode(json.loads(text)):
            length += len(piece.encode())  # which half a character, as `\\ud800` is one, cannot be
            if length > LONGEST_JSON:
                return ""
            pieces.append(piece)
    except (ValueError, RecursionError):
        return ""
    return "".join(pieces)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[: LONG_JSON - 1]}…" if len(line) > LONG_JSON else line


def _coloured(text: str, needle: Needle | None) -> SafeString:
    if "\x1b" not in text:
        return _decorated(text, needle)
    return format_html_join(
        "",
        "{}",
        ((_in_colour(_decorated(part, needle), classes),) for part, classes in _painted(text)),
    )


def _in_colour(html: SafeString, classes: str) -> SafeString:
    return format_html('<em class="{}">{}</em>', classes, html) if classes else html


def _painted(text: str) -> Iterator[tuple[str, str]]:
    """The text between the sequences with the classes of its colour. Those that move a cursor mean nothing here."""
    at, tone, bold = 0, "", False
    for sequence in _SEQUENCE.finditer(text):
        if sequence.start() > at:
            yield text[at : sequence.start()], _classes(tone, bold)
        at = sequence.end()
        if sequence[2] == "m":
            tone, bold = _after_codes(sequence[1], tone, bold)
    if at < len(text):
        yield text[at:], _classes(tone, bold)


def _after_codes(codes: str, tone: str, bold: bool) -> tuple[str, bool]:
    numbers = iter([int(code) if code.isdigit() and len(code) <= LONGEST_CODE else 0 for code in codes.split(";")])
    for number in numbers:
        if number == 0:
            tone, bold = "", False
        elif number in (1, 22):
            bold = number == 1
        elif number == 39:
            tone = ""
        elif 30 <= number <= 37 or 90 <= number <= 97:
            tone = _TONES.get(number % 10, "")
        elif number in (38, 48):  # one of 256 colours, or three parts of one; only the first sixteen have names
            kind = next(numbers, 0)
            given = [next(numbers, 0) for _ in range(1 if kind == 5 else 3 if kind == 2 else 0)]
            if number == 38:
                tone = _TONES.get(given[0] % 8, "") if kind == 5 and given[0] < 16 else ""
    return tone, bold


def _classes(tone: str, bold: bool) -> str:
    return " ".join(name for name in (f"tone-{tone}" if tone else "", "bold" if bold else "") if name)


def _decorated(text: str, needle: Needle | None) -> SafeString:
    """Links that can be followed, and marks on what was searched for."""
    if "://" not in text:
        return _marked(text, needle)
    return format_html_join("", "{}", ((piece,) for piece in _linked(text, needle)))


def _linked(text: str, needle: Needle | None) -> Iterator[SafeString]:
    at = 0
    for link in _LINK.finditer(text):
        address = link[0].rstrip(_AFTER_A_LINK)
        yield _marked(text[at : link.start()], needle)
        yield format_html('<a href="{}" rel="noreferrer nofollow">{}</a>', address, _marked(address, needle))
        at = link.start() + len(address)
    yield _marked(text[at:], needle)


def _marked(text: str, needle: Needle | None) -> SafeString:
    if needle is None:
        return conditional_escape(text)
    parts, at = [], 0
    for start, end in needle.spans(text):
        parts.append(format_html("{}<mark>{}</mark>", text[at:start], text[start:end]))
        at = end
    parts.append(format_html("{}", text[at:]))
    return format_html_join("", "{}", ((part,) for part in parts))
