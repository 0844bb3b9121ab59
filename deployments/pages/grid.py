"""The last runs of a deployment beside each other, its tasks below each other: where it goes wrong shows as a line."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, TextField
from django.db.models.functions import Cast

from orchestrator.pages.looks import look_of
from orchestrator.pages.words import duration_words
from runs.models import FlowRun, TaskRun

COLUMNS = 25  # runs
ROWS = 12  # tasks that are shown at first
MOST_ROWS = 60
BAR_HEIGHT = 28.0  # px of the longest run
_LEAST_HEIGHT = 2.0

# What a cell shows when its tasks are in several states: the first of these.
_TELLING = (
    "CRASHED", "FAILED", "CANCELLED", "CANCELLING", "RUNNING", "PAUSED", "PENDING", "SCHEDULED", "COMPLETED",
)  # fmt: skip
_SIGNS = {
    "completed": "✓",
    "cached": "≈",
    "running": "▸",
    "pending": "…",
    "scheduled": "◷",
    "late": "◷",
    "retrying": "↻",
    "paused": "‖",
    "failed": "✕",
    "crashed": "✱",
    "cancelled": "■",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A run. `y` and `height` are those of its bar, as long as it took."""

    run: FlowRun
    tone: str
    word: str
    seconds: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Cell:
    """The runs of one task in one flow run; `short_id` leads to the most telling of them."""

    tone: str
    sign: str
    word: str
    short_id: str
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """A task, with a cell for each run; None where the run did not come to it."""

    name: str
    cells: tuple[Cell | None, ...]
    is_mapped: bool


@dataclass(frozen=True, slots=True)
class Grid:
    """Runs oldest first."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    lines_left_out: int
    longest: float


@dataclass(slots=True)
class _Group:
    """The runs of one task in one flow run, as the database counted them."""

    began: datetime | None = None
    states: dict[tuple[str | None, str | None], tuple[int, str]] = field(default_factory=dict)


def build_grid(runs: Sequence[FlowRun], at: datetime, *, whole: bool = False) -> Grid:
    """`runs` are newest first. One query, which counts the tasks of each run where they are."""
    groups = _read_groups(runs[:COLUMNS])
    keys = _keys_in_order(runs[:COLUMNS], groups)
    shown = keys[: MOST_ROWS if whole else ROWS]
    columns = _columns(runs[:COLUMNS], at)
    return Grid(
        columns=columns,
        lines=tuple(_line(key, columns, groups) for key in shown),
        lines_left_out=len(keys) - len(shown),
        longest=max((column.seconds for column in columns), default=0.0),
    )


def short_id(identifier: UUID) -> str:
    """22 characters instead of 36: a grid has hundreds of links."""
    return urlsafe_b64encode(identifier.bytes).decode().rstrip("=")


def read_short_id(text: str) -> UUID | None:
    try:
        return UUID(bytes=urlsafe_b64decode(f"{text}=="))
    except (ValueError, NotBase64):
        return None


def _read_groups(runs: Sequence[FlowRun]) -> dict[tuple[UUID, str], _Group]:
    counted = (
        TaskRun.objects.filter(flow_run__in=[run.pk for run in runs])
        .order_by()
        .values_list("flow_run_id", "task_key", "state_type", "state_name")
        .annotate(number=Count("pk"), first=Min(Cast("pk", TextField())), began=Min("expected_start_time"))
    )
    groups: dict[tuple[UUID, str], _Group] = defaultdict(_Group)
    for run_id, key, state_type, state_name, number, first, began in counted:
        group = groups[run_id, key]
        group.states[state_type, state_name] = (number, first)
        group.began = min(filter(None, (group.began, began)), default=None)
    return groups


def _keys_in_order(runs: Sequence[FlowRun], groups: dict[tuple[UUID, str], _Group]) -> list[str]:
    """As they began in the newest run that has them."""
    of_run: dict[UUID, list[tuple[bool, datetime | None, str]]] = defaultdict(list)
    for (run_id, key), group in groups.items():
        of_run[run_id].append((group.began is None, group.began, key))
    keys: dict[str, None] = {}
    for run in runs:
        known = sorted(of_run[run.pk], key=lambda entry: (entry[0], entry[1] or run.created, entry[2]))
        keys.update(dict.fromkeys(key for _, _, key in known if key not in keys))
    return list(keys)


def _columns(runs: Sequence[FlowRun], at: datetime) -> tuple[Column, ...]:
    lengths = {run.pk: run.estimated_run_time(at) if run.start_time else 0.0 for run in runs}
    longest = max(lengths.values(), default=0.0)
    columns = []
    for run in reversed(runs):
        look = look_of(run.state_type, run.state_name)
        share = lengths[run.pk] / longest if longest else 0.0
        height = round(max(_LEAST_HEIGHT, BAR_HEIGHT * share), 1)
        columns.append(Column(run, look.tone, look.word, lengths[run.pk], round(BAR_HEIGHT - height, 1), height))
    return tuple(columns)


def _line(key: str, columns: Sequence[Column], groups: dict[tuple[UUID, str], _Group]) -> Line:
    found = [groups.get((column.run.pk, key)) for column in columns]
    return Line(
        name=key.rsplit("-", 1)[0] or key,
        cells=tuple(_cell(group) if group else None for group in found),
        is_mapped=any(group and sum(number for number, _ in group.states.values()) > 1 for group in found),
    )


def _cell(group: _Group) -> Cell:
    (state_type, state_name), (_, first) = min(group.states.items(), key=lambda entry: _rank(entry[0][0]))
    look = look_of(state_type, state_name)
    several = sum(number for number, _ in group.states.values()) > 1
    words = ", ".join(f"{number} {look_of(*state).word}" for state, (number, _) in group.states.items())
    return Cell(
        tone=look.tone,
        sign=_SIGNS.get(look.tone, "·"),
        word=words if several else look.word,
        short_id=short_id(UUID(first)),
        title=words if several else "",
    )


def _rank(state_type: str | None) -> int:
    return _TELLING.index(state_type) if state_type in _TELLING else len(_TELLING)


def column_title(column: Column) -> str:
    """For the bar of a run: its name, how it ended, how long it took."""
    took = f", {duration_words(column.seconds)}" if column.run.start_time else ""
    return f"{column.run.name}: {column.word}{took}"
