"""From times to places on the axis: a window of the run, from which long idle gaps may be left out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.pages.words import duration_words
from runs.pages.timeline.spans import Span

PLOT_WIDTH = 86.0  # per cent; what is right of it is room for the words behind the last bar
LEAST_WIDTH = 0.6  # per cent; a shorter bar could not be seen
LEAST_WINDOW = 0.001  # seconds
IDLE_SHARE = 0.2  # of the window; a longer gap can be left out
FOLD_WIDTH = 0.03  # of the window, is left of a gap

_NICE_STEPS = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
    3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Fold:
    """A gap that is drawn shorter than it was."""

    x: float
    title: str


class Scale:
    """`origin` is when the run began; `begin` and `end` are the edges of what is shown.

    The axis of a run that goes on is longer than the run, so that its bars can grow.
    """

    def __init__(
        self,
        origin: datetime,
        begin: datetime,
        end: datetime,
        *,
        goes_on: bool = False,
        gaps: Sequence[tuple[float, float]] = (),
    ) -> None:
        elapsed = max((end - begin).total_seconds(), LEAST_WINDOW)
        self.origin, self.begin, self.end = origin, begin, end
        self.gaps = gaps  # seconds from `begin`, in order
        self.elapsed = elapsed
        whole = max(elapsed * 1.25, elapsed + 3.0) if goes_on else elapsed
        self._left_out = [(first, last - first) for first, last in gaps]
        self._stub = FOLD_WIDTH * (whole - sum(length for _, length in self._left_out))
        self.seconds = whole - sum(length - self._stub for _, length in self._left_out)
        self.percent_per_second = PLOT_WIDTH / self.seconds

    def since_origin(self, moment: datetime) -> float:
        """In seconds."""
        return (moment - self.origin).total_seconds()

    def x(self, moment: datetime) -> float:
        return self.place((moment - self.begin).total_seconds())

    def place(self, seconds: float) -> float:
        """Of a moment so many seconds after the left edge."""
        shown = seconds
        for first, length in self._left_out:
            if seconds <= first:
                break
            past = min(seconds - first, length)
            shown -= past * (1 - self._stub / length)
        return round(min(max(shown / self.seconds, 0.0), 1.0) * PLOT_WIDTH, 2)

    def width(self, start: datetime, end: datetime) -> float:
        return round(max(self.x(end) - self.x(start), LEAST_WIDTH), 2)

    def shows(self, start: datetime, end: datetime) -> bool:
        return end >= self.begin and start <= self.end

    def ticks(self) -> list[Tick]:
        """At round numbers of seconds since the run began."""
        step = next((step for step in _NICE_STEPS if self.seconds / step <= 8), self.seconds / 6)
        ahead = self.since_origin(self.begin)
        whole = self.seconds + sum(length - self._stub for _, length in self._left_out)
        number = -(-ahead // step)
        ticks: list[Tick] = []
        while number * step - ahead <= whole and len(ticks) < 400:
            seconds = number * step - ahead
            number += 1
            if not self._is_left_out(seconds):
                ticks.append(Tick(self.place(seconds), _tick_words(seconds + ahead, step)))
        return _with_room(ticks)

    def folds(self) -> list[Fold]:
        return [
            Fold(round((self.place(first) + self.place(last)) / 2, 2), f"{duration_words(last - first)} without tasks")
            for first, last in self.gaps
        ]

    def _is_left_out(self, seconds: float) -> bool:
        index = bisect_right([first for first, _ in self.gaps], seconds) - 1
        return index >= 0 and seconds < self.gaps[index][1]


def idle_gaps(spans: Iterable[Span], begin: datetime, end: datetime, now: datetime) -> list[tuple[float, float]]:
    """Stretches without any span that are long enough to be left out, in seconds from `begin`."""
    whole = (end - begin).total_seconds()
    least = max(whole * IDLE_SHARE, LEAST_WINDOW)
    gaps: list[tuple[float, float]] = []
    reached = 0.0
    for span in sorted(spans, key=lambda span: span.start):
        start = (span.start - begin).total_seconds()
        if start - reached > least:
            gaps.append((reached, min(start, whole)))
        reached = max(reached, ((span.end or now) - begin).total_seconds())
        if reached >= whole:
            break
    if whole - reached > least:
        gaps.append((reached, whole))
    return gaps


def after(begin: datetime, seconds: float) -> datetime:
    return begin + timedelta(seconds=seconds)


def _with_room(ticks: list[Tick]) -> list[Tick]:
    """Those that do not stand on the heels of the one before."""
    kept: list[Tick] = []
    for tick in ticks:
        if not kept or tick.x - kept[-1].x >= 6:
            kept.append(tick)
    return kept


def _tick_words(seconds: float, step: float) -> str:
    sign = "+" if seconds >= 0 else "−"
    size = abs(seconds)
    if size and step >= 3600:
        return f"{sign}{size / 3600:g} h"
    if size and step >= 60:
        return f"{sign}{size / 60:g} min"
    if step < 0.1:
        return f"{sign}{size:.3f} s"
    return f"{sign}{size:.1f} s" if step < 1 else f"{sign}{size:.0f} s"
