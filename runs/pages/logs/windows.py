"""One window of a log: at a line, before or after one, or at an end; found lines with those beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Q, Subquery

from orchestrator.statements.reading import PreparedQuery
from runs.models import Log
from runs.models.logs import LogQuerySet
from runs.pages.logs.arrivals import cursor_at
from runs.pages.logs.filters import LogFilter, Place
from runs.pages.logs.lines import Clock, Line, clock_in, lines_of, with_task_names
from runs.pages.logs.matches import Matches
from runs.pages.logs.order import Spot, earlier_than, in_order, spot_of
from runs.pages.logs.walking import Walk, walk

WINDOW = 500  # lines in one page
FOUND = 100  # lines that match a text in one page, which also has those beside them
ANYWHERE = Place()
FEWEST_EARLY = 5  # lines from before the run began that are worth folding
BESIDE = 2  # lines shown before and after each of them
MOST_NUMBERED = 100_000  # lines; what stands behind them has no number


def _end_of_log(*, forwards: bool) -> PreparedQuery[Log]:
    """The lines at the beginning of a flow run's whole log, or at its end, and one more: what pages open with."""
    return PreparedQuery(
        lambda run_id: in_order(with_task_names(Log.objects.filter(flow_run_id=run_id)), None, forwards=forwards)[
            : WINDOW + 1
        ],
        "run_id",
    )


_ends = {forwards: _end_of_log(forwards=forwards) for forwards in (True, False)}


@dataclass(frozen=True, slots=True)
class LogWindow:
    lines: list[Line]
    earlier: UUID | None  # the line before which the window before this one ends, None at the beginning of the log
    later: UUID | None  # the line after which the window after this one begins, None at the end
    arrived: str  # cursor for what arrives later
    first_number: int | None  # of the first line, from 1; None where counting is not cheap
    tired_at: datetime | None = None  # where the search ended because it took long; it goes on from there

    @property
    def is_whole(self) -> bool:
        """Whether no line comes before or after these."""
        return self.earlier is None and self.later is None

    @property
    def follows(self) -> bool:
        return self.later is None

    @property
    def early(self) -> int:
        """How many lines are from before the run began; none where they are few, or all."""
        number = sum(line.is_early for line in self.lines)
        return number if FEWEST_EARLY <= number < len(self.lines) else 0

    @property
    def loggers(self) -> list[str]:
        return sorted({line.logger for line in self.lines})


def read_window(
    logs: LogQuerySet,
    wanted: LogFilter,
    place: Place = ANYWHERE,
    *,
    from_end: bool,
    clock: Clock | None = None,
    matches: Matches | None = None,
    begin: datetime | None = None,
    run_id: UUID | None = None,
) -> LogWindow:
    """Where `place` says, else from the beginning or, with `from_end`, the end.

    `matches` are the lines with the text that is wanted, if they are known. Raises PatternRefused when an expression
    takes too long. `begin` is when the run began, if lines from before that are told apart. `run_id` is that of the
    flow run if `logs` are all of its lines.
    """
    reader = _Reader(logs, wanted, clock or clock_in(), matches, begin, run_id)
    spot = _spot(logs, place.at or place.before or place.since)
    if spot is None:
        at_end = place.end == "end" or (from_end and not place.end)
        return reader.backwards(None) if at_end else reader.forwards(None)
    if place.at:
        return reader.around(spot)
    return reader.backwards(spot) if place.before else reader.forwards(spot)


def next_of_level(logs: LogQuerySet, wanted: LogFilter, origin: UUID | None, *, forwards: bool) -> UUID | None:
    """The first line of the wanted level after the line `origin`, or before it; from the end where that is unknown."""
    found = walk(logs, wanted, _spot(logs, origin), forwards=forwards, most=1).rows
    return found[0].id if found else None


class _Reader:
    def __init__(
        self,
        logs: LogQuerySet,
        wanted: LogFilter,
        clock: Clock,
        matches: Matches | None,
        begin: datetime | None,
        run_id: UUID | None,
    ) -> None:
        self.logs, self.wanted, self.clock, self.matches, self.begin = logs, wanted, clock, matches, begin
        self.run_id = run_id
        self.size = FOUND if wanted.needle else WINDOW

    def around(self, spot: Spot) -> LogWindow:
        """The line at the spot is shown even if it does not match: somebody asked for it."""
        half = self.size // 2
        before = self._walk(spot, forwards=False, most=half)
        after = self._walk(spot, forwards=True, most=half)
        here = list(with_task_names(self.logs).filter(id=spot[1]))
        return self._window([*reversed(before.rows), *here, *after.rows], before.more, after.more, before, after)

    def backwards(self, spot: Spot | None) -> LogWindow:
        found = self._walk(spot, forwards=False, most=self.size)
        return self._window(found.rows[::-1], found.more, spot is not None, found, None)

    def forwards(self, spot: Spot | None) -> LogWindow:
        found = self._walk(spot, forwards=True, most=self.size)
        return self._window(found.rows, spot is not None, found.more, None, found)

    def _walk(self, spot: Spot | None, *, forwards: bool, most: int) -> Walk:
        if spot is None and self.run_id is not None and not self.wanted.is_narrowed:
            rows = _ends[forwards].all(run_id=self.run_id)
            return Walk(rows[:most], more=len(rows) > most)
        return walk(self.logs, self.wanted, spot, forwards=forwards, most=most, matches=self.matches)

    def _window(
        self, rows: list[Log], earlier: bool, later: bool, before: Walk | None, after: Walk | None
    ) -> LogWindow:
        tired_before, tired_after = (way.tired_at if way else None for way in (before, after))
        first = tired_before or (spot_of(rows[0]) if rows else None)
        last = tired_after or (spot_of(rows[-1]) if rows else None)
        tired = tired_after or tired_before
        shown, context, apart = self._with_neighbours(rows)
        return LogWindow(
            lines=lines_of(
                shown, clock=self.clock, needle=self.wanted.needle, context=context, apart=apart, begin=self.begin
            ),
            earlier=first[1] if earlier and first else None,
            later=last[1] if later and last else None,
            arrived=cursor_at(rows),
            first_number=self._number(rows, earlier),
            tired_at=tired[0] if tired else None,
        )

    def _number(self, rows: list[Log], earlier: bool) -> int | None:
        if self.wanted.is_narrowed:
            return None
        if not earlier or not rows:
            return 1
        count = self.logs.filter(earlier_than(spot_of(rows[0]))).values("id")[:MOST_NUMBERED].count()
        return count + 1 if count < MOST_NUMBERED else None

    def _with_neighbours(self, rows: list[Log]) -> tuple[list[Log], set[UUID], set[UUID]]:
        """The rows with the lines beside each; which of all are only beside; which come after a gap."""
        if not self.wanted.needle or not rows:
            return rows, set(), set()
        whole = self.wanted.of_any_text().of_any_level().apply(self.logs)
        found = {row.id for row in rows}
        stretches = _stretches(whole, found)
        context = {id for ids in stretches.values() for id in ids[:-1] if id is not None} - found
        shown: list[Log] = [*rows, *with_task_names(Log.objects.filter(id__in=context))]
        shown.sort(key=spot_of)
        pairs = {pair for ids in stretches.values() for pair in pairwise(ids)}
        return shown, context, {right.id for left, right in pairwise(shown) if (left.id, right.id) not in pairs}


def _stretches(logs: LogQuerySet, found: set[UUID]) -> dict[UUID, list[UUID | None]]:
    """For each line the identifiers of those before it, its own, and of those after it with one more; None: no line."""
    time, id = OuterRef("timestamp"), OuterRef("id")
    before = logs.filter(Q(timestamp__lte=time) & (Q(timestamp__lt=time) | Q(id__lt=id)))
    after = logs.filter(Q(timestamp__gte=time) & (Q(timestamp__gt=time) | Q(id__gt=id)))
    nearest = before.order_by("-timestamp", "-id").values("id")
    following = after.order_by("timestamp", "id").values("id")
    columns: dict[str, Any] = {f"before{n}": Subquery(nearest[n : n + 1]) for n in reversed(range(BESIDE))}
    columns["own"] = F("id")
    columns |= {f"after{n}": Subquery(following[n : n + 1]) for n in range(BESIDE + 1)}
    rows = Log.objects.filter(id__in=found).annotate(**columns).values_list("id", *columns)
    return {line: stretch for line, *stretch in rows}


def _spot(logs: LogQuerySet, id: UUID | None) -> Spot | None:
    line = logs.filter(id=id).only("id", "timestamp").first() if id else None
    return spot_of(line) if line else None
