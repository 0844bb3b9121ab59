"""What is drawn in the timeline. Places are x in per cent of the width and y in pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

ROW_HEIGHT = 26  # pixels, also in static/css/run.css
LEAST_BEND = 1.2  # per cent, of a curve
_TROUBLE = ("failed", "crashed")


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    width: float
    tone: str
    url: str
    title: str
    task_id: UUID | None = None  # whose log a click shows; None where the click leads to the page
    since: datetime | None = None  # grows from then on, while the page is open
    is_critical: bool = False


@dataclass(frozen=True, slots=True)
class Strip:
    """Many bars in one row, as two paths in a box of 1000 × 16."""

    path: str
    failed_path: str
    tone: str
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that was made, as a diamond."""

    x: float
    artifact_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Edge:
    """From the end of one bar to the beginning of the one that waited for it."""

    x1: float
    y1: int
    x2: float
    y2: int

    @property
    def curve(self) -> str:
        across, down = self.x2 - self.x1, self.y2 - self.y1
        bend = max(across / 2, LEAST_BEND)
        return f"M{self.x1:.1f} {self.y1}c{bend:.1f} 0 {across - bend:.1f} {down} {across:.1f} {down}"


@dataclass(slots=True)
class Row:
    label: str
    note: str
    url: str
    tone: str
    y: int = 0
    depth: int = 0
    is_subflow: bool = False
    is_chosen: bool = False
    fold: tuple[str, str] | None = None
    is_open: bool = False
    wait_x: float = 0.0
    wait_width: float = 0.0
    bars: list[Bar] = field(default_factory=list)
    strip: Strip | None = None
    marks: list[Mark] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)  # to what it waited for, and what waited for it
    tail: str = ""  # words behind the last bar
    tail_x: float = 0.0
    tail_since: datetime | None = None

    @property
    def in_trouble(self) -> bool:
        return self.tone in _TROUBLE

    @property
    def is_group(self) -> bool:
        """Several runs of one task, which can be unfolded."""
        return self.fold is not None and self.fold[0] == "open"

    @property
    def wait_end(self) -> float:
        return round(self.wait_x + self.wait_width, 2)
