"""A row of small bars, one for each of the last runs: the colour is how it ended, the height how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 20.0  # px
BAR = 7.0
GAP = 2.0
MOST_MARKS = 60
_LEAST_HEIGHT = 3.0


@dataclass(frozen=True, slots=True)
class Mark:
    """`value` is what the height says, such as seconds; None draws the lowest bar."""

    tone: str
    value: float | None
    url: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    tone: str
    x: float
    y: float
    height: float
    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Sparkline:
    """What `charts/sparkline.html` draws."""

    sentence: str
    bars: tuple[Bar, ...]
    width: float
    has_links: bool
    height: float = HEIGHT
    bar_width: float = BAR

    @property
    def paths(self) -> list[tuple[str, str]]:
        """The bars as one thick line for each tone: a tenth of the bytes, for long lists. Without titles and links.

        In whole numbers, half a pixel left of where they are.
        """
        drawn: dict[str, list[str]] = {}
        for bar in self.bars:
            drawn.setdefault(bar.tone, []).append(f"M{bar.x + self.bar_width // 2:.0f} {self.height:g}V{bar.y:.0f}")
        return [(tone, "".join(lines)) for tone, lines in drawn.items()]


def sparkline(marks: Sequence[Mark], *, sentence: str, places: int = 0) -> Sparkline:
    """Marks from left to right, at most the last 60. With `places`, they stand at the right end of so many places,
    so that the rows of a table line up."""
    marks = list(marks)[-MOST_MARKS:]
    highest = max((mark.value or 0.0 for mark in marks), default=0.0)
    before = max(0, places - len(marks))
    bars = []
    for index, mark in enumerate(marks, start=before):
        share = (mark.value or 0.0) / highest if highest else 0.0
        height = round(max(_LEAST_HEIGHT, HEIGHT * share), 1)
        bars.append(Bar(mark.tone, index * (BAR + GAP), round(HEIGHT - height, 1), height, mark.url, mark.title))
    return Sparkline(
        sentence=sentence,
        bars=tuple(bars),
        width=max(len(marks), places, 1) * (BAR + GAP) - GAP,
        has_links=any(mark.url for mark in marks),
    )
