"""Runs once recorded, as texts with gaps for all that differs from copy to copy.

Of a specimen's rows every identifier of its own, every moment, and what belongs to the deployment is a gap. A copy is
told where its time begins and by how much it is stretched, so it stays consistent: what came before comes before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the zone is written by hand: formatting is what copying mostly takes
_MICROSECOND = timedelta(microseconds=1)
_MOMENT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|\+00:00|\+00)?"
_PARTS_OF_MOMENT = re.compile(r"(.{10})([T ])([0-9:.]+)(.*)")

Row = tuple[Any, ...]  # of columns as the database's own driver has them


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table of a specimen. `scaled` are the columns with seconds, and `numbered` those with the numbers
    that the database gives to events.
    """

    table: str
    columns: tuple[str, ...]
    rows: Sequence[Row]
    scaled: frozenset[str] = frozenset()
    numbered: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Cut:
    """A row with gaps: `texts` are the columns that have some, by their place, and the others hold a value."""

    table: str
    columns: tuple[str, ...]
    values: Row
    texts: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Copy:
    """`number` tells it from all others; `begin` is in microseconds since 1970, and `first_event` counts on."""

    number: int
    begin: int
    stretch: float
    words: Mapping[str, str]
    first_event: int = 0


@dataclass(slots=True)
class Part:
    """Rows that are copied together, and which gaps they have."""

    cuts: list[Cut] = field(default_factory=list)
    moments: dict[str, tuple[int, str, str]] = field(default_factory=dict)  # offset, separator, zone
    ids: dict[str, tuple[int, str, str]] = field(default_factory=dict)  # offset, middle, dash
    seconds: dict[str, float] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)

    def values_of(self, copy: Copy) -> dict[str, Any]:
        """What fills the gaps in one copy."""
        begin, stretch = copy.begin, copy.stretch
        values: dict[str, Any] = dict(copy.words)
        for gap, (offset, separator, zone) in self.moments.items():
            at = begin + int(offset * stretch)
            moment = _EPOCH + _MICROSECOND * (at if at % 1_000_000 else at + 1)  # all with six digits of a second
            values[gap] = moment.isoformat(separator) + zone
        tail = copy.number
        for gap, (offset, middle, dash) in self.ids.items():
            at = (begin + int(offset * stretch)) // 1000
            values[gap] = f"{at >> 16:08x}{dash}{at & 0xFFFF:04x}{dash}{middle}{dash}{tail:012x}"
        for gap, seconds in self.seconds.items():
            values[gap] = seconds * stretch
        for gap, number in self.events.items():
            values[gap] = copy.first_event + number
        return values


def moment_at(copy_begin: int, stretch: float, offset: int) -> datetime:
    """The moment of a copy that lay `offset` microseconds after its specimen's beginning."""
    at = copy_begin + int(offset * stretch)
    return datetime.fromtimestamp(0, UTC) + _MICROSECOND * (at if at % 1_000_000 else at + 1)


class Cutter:
    """Cuts the gaps into the rows of one specimen.

    `own` are its identifiers, `words` the texts that belong to the deployment or are made up, by the name of their gap.
    """

    def __init__(self, *, begin: datetime, own: Iterable[UUID], words: Mapping[str, str], first_event: int) -> None:
        self._begin = begin
        self._first_event = first_event
        self._middles: dict[str, tuple[int, str]] = {}
        for place, id in enumerate(dict.fromkeys(own)):
            offset = (id.int >> 80) * 1000 - _microseconds(begin) if id.version == 7 else 0
            self._middles[str(id)] = (offset, f"{id.hex[12:16]}-8{place:03x}")
        self._words = dict(words)
        ids = [*self._middles, *(text.replace("-", "") for text in self._middles)]
        known = sorted([*ids, *self._words], key=len, reverse=True)
        self._gaps = re.compile("|".join([*map(re.escape, known), _MOMENT]))
        assert len(self._middles) < 0x1000

    def cut(self, tables: Iterable[Rows]) -> Part:
        part = Part()
        for rows in tables:
            for row in rows.rows:
                texts: dict[int, str] = {}
                for place, (column, value) in enumerate(zip(rows.columns, row, strict=True)):
                    text = self._column(part, rows, column, value)
                    if text is not None:
                        texts[place] = text
                part.cuts.append(Cut(rows.table, rows.columns, row, texts))
        return part

    def _column(self, part: Part, rows: Rows, column: str, value: Any) -> str | None:
        if value is None:
            return None
        if column in rows.scaled:
            gap = f"s{len(part.seconds)}"
            part.seconds[gap] = float(value)
            return f"%({gap})r"
        if column in rows.numbered:
            number = int(value) - self._first_event
            part.events[f"e{number}"] = number
            return f"%(e{number})d"
        if not isinstance(value, str):
            return None
        pieces, at, found = [], 0, False
        for match in self._gaps.finditer(value):
            found = True
            pieces += [value[at : match.start()].replace("%", "%%"), f"%({self._gap(part, match.group())})s"]
            at = match.end()
        return "".join([*pieces, value[at:].replace("%", "%%")]) if found else None

    def _gap(self, part: Part, text: str) -> str:
        if text in self._words:
            return self._words[text]
        dash = "-" if "-" in text else ""
        with_dashes = text if dash else str(UUID(text)) if len(text) == 32 else text
        if with_dashes in self._middles:
            offset, middle = self._middles[with_dashes]
            gap = f"{'u' if dash else 'h'}{middle}"
            part.ids[gap] = (offset, middle if dash else middle.replace("-", ""), dash)
            return gap
        return self._gap_of_moment(part, text)

    def _gap_of_moment(self, part: Part, text: str) -> str:
        split = _PARTS_OF_MOMENT.fullmatch(text)
        assert split is not None, text
        day, separator, time, zone = split.groups()
        whole, _, fraction = time.partition(".")
        moment = datetime.fromisoformat(f"{day}T{whole}.{fraction or '0':0<6}+00:00")
        offset = (moment - self._begin) // _MICROSECOND
        gap = f"m{offset}{separator}{zone}"
        part.moments[gap] = (offset, separator, zone)
        return gap


def _microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // _MICROSECOND
