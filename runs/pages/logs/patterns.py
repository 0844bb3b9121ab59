"""What is searched for in a log: words as they stand, or a regular expression between slashes.

Expressions are matched here and not by the database: each line has its limit of time, so that one of those that
take for ever is refused after a moment instead of holding a process. The database only leaves out lines without the
words that an expression has in it, which are most.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from time import monotonic

import regex

LONGEST_PATTERN = 200  # characters
SECONDS_FOR_A_LINE = 0.1
SECONDS_FOR_MARKS = 0.5  # of all lines together; where they are over, lines are shown without marks
SEARCHED_OF_A_LINE = 20_000  # characters; what stands behind them in one line is not found by an expression
FEWEST_LETTERS = 3  # of the words of an expression; fewer are in most lines
KINDS = "dDsSwWbBAZtnrfv"  # of characters and of places, after a backslash
THEMSELVES = " _-:=,;/'\"<>@%&!~`#"  # besides letters and digits

_PIECE = re.compile(
    r"\\.|\[\^?[^][\\]+]|\{\d+(?:,\d*)?}|.", re.DOTALL
)  # an escape, a set, a number of times, a character


class PatternRefused(ValueError):
    """The expression cannot be used; the words say why."""


@dataclass(slots=True)
class _Budget:
    seconds: float


@dataclass(frozen=True, slots=True)
class Needle:
    """What to look for, in any case of letters."""

    compiled: regex.Pattern[str]
    is_expression: bool  # else it stands for plain words, which the database finds
    words: str  # that each line with it has, in any case of letters; empty where an expression tells of none
    _for_marks: _Budget = field(default_factory=lambda: _Budget(SECONDS_FOR_MARKS), compare=False, repr=False)

    def is_in(self, text: str) -> bool:
        """Raises PatternRefused when the expression takes too long on this text."""
        try:
            return self.compiled.search(text[:SEARCHED_OF_A_LINE], timeout=SECONDS_FOR_A_LINE) is not None
        except TimeoutError:
            raise PatternRefused("The expression takes too long on some lines. Make it more exact.") from None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where it stands in the text, without empty places; what takes too long is left out.

        All texts that are asked about share one budget: a page has hundreds of lines, and each may be slow.
        """
        found: list[tuple[int, int]] = []
        seconds = min(SECONDS_FOR_A_LINE, self._for_marks.seconds)
        if seconds <= 0:
            return found
        began = monotonic()
        try:
            for match in self.compiled.finditer(text[:SEARCHED_OF_A_LINE], timeout=seconds):
                if match.end() > match.start():
                    found.append(match.span())
        except TimeoutError:
            pass  # what was found before is right
        self._for_marks.seconds -= monotonic() - began
        return found


def read_needle(text: str) -> Needle | None:
    """What the words of a search box ask for; None when they are empty. Raises PatternRefused."""
    if not text:
        return None
    if len(text) < 3 or not (text.startswith("/") and text.endswith("/")):
        return Needle(regex.compile(regex.escape(text), regex.IGNORECASE), is_expression=False, words=text)
    if len(text) > LONGEST_PATTERN:
        raise PatternRefused(f"The expression is longer than {LONGEST_PATTERN} characters.")
    try:
        pattern = text[1:-1]
        return Needle(regex.compile(pattern, regex.IGNORECASE), is_expression=True, words=_words_in(pattern))
    except (regex.error, OverflowError, RecursionError) as error:
        raise PatternRefused(f"The expression cannot be read: {error}.") from None


def _words_in(pattern: str) -> str:
    """The longest words that stand in the pattern as they do in each line; empty where it has groups or a choice."""
    longest, words = "", ""
    for piece in _PIECE.findall(pattern):
        is_escape = len(piece) == 2
        if piece in "()|[]{}" or not piece.isascii() or (is_escape and piece[1].isalnum() and piece[1] not in KINDS):
            return ""
        if piece in "*?" or piece[0] == "{":
            words = words[:-1]  # the one before may be missing
        if piece.isalnum() or piece in THEMSELVES or (is_escape and not piece[1].isalnum()):
            words += piece[-1]
        else:
            longest, words = max(longest, words, key=len), ""
    longest = max(longest, words, key=len)
    return longest if len(longest) >= FEWEST_LETTERS else ""
