"""How filters are written: in one line, `state:failed,crashed -tag:test "some name"`, and in an address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_QUOTED = r'"(?:[^"\\]|\\.)*"?'
_WORD = re.compile(rf"(?:{_QUOTED}|[^\s\"])+")
_TERM = re.compile(r"(?P<out>-?)(?P<name>[A-Za-z][\w.-]*):(?P<values>.*)", re.DOTALL)
_VALUE = re.compile(rf"(?:{_QUOTED}|[^,\"])+")
_PIECE = re.compile(rf"{_QUOTED}|[^\"]+")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Value:
    """`excluded`: what matches it is left out."""

    text: str
    excluded: bool = False


def read_line(line: str) -> Iterator[tuple[str, Value]]:
    """Each value with the name of its term, which is empty for words that stand alone."""
    for match in _WORD.finditer(line):
        word = match[0]
        term = _TERM.fullmatch(word)
        if term is None:
            text = _unquoted(word)
            if text:
                yield "", Value(text)
            continue
        for value in read_values(term["values"]):
            yield term["name"].lower() if "." not in term["name"] else term["name"], _turned(value, term["out"])


def read_values(text: str) -> list[Value]:
    """The values between commas, as an address has them; a leading `!` excludes."""
    values = []
    for match in _VALUE.finditer(text):
        word = match[0].strip()
        excluded = word.startswith("!")
        written = _unquoted(word[1:] if excluded else word)
        if written.strip():
            values.append(Value(written, excluded))
    return values


def write_for_address(value: Value) -> str:
    text = value.text
    quotes = text != text.strip() or any(mark in text for mark in ',"') or text.startswith("!")
    return ("!" if value.excluded else "") + (_quoted(text) if quotes else text)


def write_for_line(name: str, value: Value) -> str:
    """`-tag:test`; for words without a term `name` is empty."""
    text = value.text
    quotes = (
        bool(re.search(r'[\s,"]', text)) or text.startswith("!") or (not name and _TERM.fullmatch(text) is not None)
    )
    written = _quoted(text) if quotes else text
    return f"{'-' if value.excluded else ''}{name}:{written}" if name else written


def _turned(value: Value, out: str) -> Value:
    return Value(value.text, not value.excluded) if out else value


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unquoted(word: str) -> str:
    pieces = []
    for match in _PIECE.finditer(word):
        piece = match[0]
        if piece.startswith('"'):
            inner = piece[1:-1] if len(piece) > 1 and piece.endswith('"') and not piece.endswith('\\"') else piece[1:]
            piece = _ESCAPED.sub(r"\1", inner)
        pieces.append(piece)
    return "".join(pieces)
