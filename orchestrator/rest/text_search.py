"""Words to look for: `red blue` finds either, `+red` must be there, `-red` must not, quotes keep a phrase together."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_QUERY_LENGTH = 200  # characters
# A sign is one only right before its term. A phrase ends at its quote, or with the text when it has none.
_TERM = re.compile(r'[+\-!](?=\s|$)|([+\-!]?)(?:"((?:\\.|[^"\\])*)(?:"|\\?$)|([^\s"]+))', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')


@dataclass(frozen=True, slots=True)
class TextQuery:
    some: tuple[str, ...]  # at least one of these, when there are any
    all: tuple[str, ...]
    none: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> TextQuery:
        kinds: dict[str, list[str]] = {"": [], "+": [], "-": []}
        for sign, phrase, word in _TERM.findall(text):
            term = word or _ESCAPED.sub(r"\1", phrase)
            if term.strip():
                kinds["-" if sign == "!" else sign].append(term.lower())
        return cls(some=tuple(kinds[""]), all=tuple(kinds["+"]), none=tuple(kinds["-"]))

    def matches(self, text: str) -> bool:
        text = text.lower()
        return (
            (not self.some or any(term in text for term in self.some))
            and all(term in text for term in self.all)
            and not any(term in text for term in self.none)
        )
