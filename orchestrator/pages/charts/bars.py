"""Stacked bars along a time axis: how many of what, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from orchestrator.pages.looks import TONE_WORDS, TONES

HEIGHT = 64.0  # px of the highest bar; the axis stands below it
MOST_MARKS = 400
MOST_TICKS = 8
_PITCH = 10  # from one bar to the next; the chart is stretched to the width that there is
_BAR = 9
_LAST_TICK = 78.0  # %: a word that begins further right would run into the last one, where the chart is narrow
_LEAST_HEIGHT = 1.5  # px, so that one failure among thousands is still seen


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many of each tone in one step of time. `url` leads to them, `title` says them in words."""

    start: datetime
    counts: Mapping[str, int]
    url: str = ""
    title: str = ""

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Segment:
    tone: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One bar; `x` and `width` are in units of which a bar with its gap is ten wide."""

    x: int
    segments: tuple[Segment, ...]
    url: str
    title: str
    width: int = _BAR


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    words: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Bars:
    """What `charts/bars.html` draws."""

    sentence: str
    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]
    tones: tuple[tuple[str, str, int], ...]  # tone, word, number
    highest: int
    has_links: bool
    rows: tuple[tuple[str, str, tuple[int, ...]], ...]  # the same as a table: when, its address, numbers
    places: int  # bars that have room side by side, empty ones included
    height: float = HEIGHT

    @property
    def svg_height(self) -> float:
        return self.height + 18

    @property
    def svg_width(self) -> int:
        return max(1, self.places) * _PITCH

    @property
    def paths(self) -> list[tuple[str, str]]:
        """All segments of a tone as one path: a chart of many bars stays small."""
        drawn: dict[str, list[str]] = {}
        for column in self.columns:
            for one in column.segments:
                drawn.setdefault(one.tone, []).append(
                    f"M{column.x} {one.y:g}h{column.width}v{one.height:g}h-{column.width}z"
                )
        return [(tone, "".join(parts)) for tone, parts in drawn.items()]

    @property
    def axis_y(self) -> float:
        return self.height + 14


def stacked_bars(buckets: Sequence[Bucket], *, sentence: str, height: float = HEIGHT) -> Bars:
    """Bars for buckets of equal length, oldest first. Too many of them are added up, neighbour to neighbour."""
    tones = [tone for tone in TONES if any(bucket.counts.get(tone) for bucket in buckets)]
    merged = _merge(buckets, most=MOST_MARKS // max(1, len(tones)))
    highest = max((bucket.total for bucket in merged), default=0)
    width = 100 / max(1, len(merged))
    return Bars(
        sentence=sentence,
        columns=tuple(
            Column(
                x=index * _PITCH,
                segments=_stack(bucket, tones, highest, height),
                url=bucket.url,
                title=bucket.title or _title(bucket),
            )
            for index, bucket in enumerate(merged)
            if bucket.total
        ),
        ticks=_ticks(merged, width),
        tones=tuple((tone, TONE_WORDS[tone], sum(bucket.counts.get(tone, 0) for bucket in merged)) for tone in tones),
        highest=highest,
        has_links=any(bucket.url for bucket in merged),
        rows=tuple(
            (_moment_words(bucket.start), bucket.url, tuple(bucket.counts.get(tone, 0) for tone in tones))
            for bucket in merged
            if bucket.total
        ),
        places=len(merged),
        height=height,
    )


def _merge(buckets: Sequence[Bucket], *, most: int) -> list[Bucket]:
    """Neighbours added up until no more than `most` remain. A sum leads nowhere: no address names its span."""
    if len(buckets) <= most:
        return list(buckets)
    together = -(-len(buckets) // most)
    merged = []
    for first in range(0, len(buckets), together):
        group = buckets[first : first + together]
        counts: dict[str, int] = {}
        for bucket in group:
            for tone, number in bucket.counts.items():
                counts[tone] = counts.get(tone, 0) + number
        merged.append(Bucket(group[0].start, counts))
    return merged


def _stack(bucket: Bucket, tones: Sequence[str], highest: int, height: float) -> tuple[Segment, ...]:
    segments = []
    top = height
    for tone in tones:
        number = bucket.counts.get(tone, 0)
        if number:
            tall = max(_LEAST_HEIGHT, height * number / highest)
            top = max(0.0, top - tall)
            segments.append(Segment(tone, round(top, 1), round(tall, 1)))
    return tuple(segments)


def _ticks(buckets: Sequence[Bucket], width: float) -> tuple[Tick, ...]:
    """A few words under the bars: days where the chart is long, hours where it is short."""
    if not buckets:
        return ()
    is_long = (buckets[-1].start - buckets[0].start).days >= 2
    every = max(1, -(-len(buckets) // MOST_TICKS))
    ticks = []
    said = ""
    for index in range(0, len(buckets), every):
        words = _tick_words(buckets[index].start, is_long)
        if words != said and index * width < _LAST_TICK:
            ticks.append(Tick(round(index * width, 2), words, "start"))
        said = words
    return (*ticks, Tick(100, _tick_words(buckets[-1].start, is_long), "end"))


def _tick_words(moment: datetime, is_long: bool) -> str:
    there = timezone.localtime(moment)
    return f"{there.day} {there:%b}" if is_long else f"{there:%H:%M}"


def _title(bucket: Bucket) -> str:
    numbers = ", ".join(f"{bucket.counts[tone]} {TONE_WORDS[tone]}" for tone in TONES if bucket.counts.get(tone))
    return f"{_moment_words(bucket.start)}: {numbers or 'none'}"


def _moment_words(moment: datetime) -> str:
    there = timezone.localtime(moment)
    return f"{there:%Y-%m-%d %H:%M} {there.tzname()}"
