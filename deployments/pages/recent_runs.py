"""The last runs of each deployment, or of each flow, on a page: drawn as small bars, and what they took. One query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from django.db.models import QuerySet

from orchestrator.contract.states import TERMINAL, StateType
from orchestrator.pages.charts.sparkline import Mark, Sparkline, sparkline
from orchestrator.pages.looks import look_of
from orchestrator.statements.reading import PreparedRows
from runs.models import FlowRun
from runs.models.run import seconds_running

DRAWN = 20  # runs
WINDOW = 50  # runs by which durations are judged

Of = Literal["deployment", "flow"]


@dataclass(frozen=True, slots=True)
class RecentRun:
    id: UUID
    state_type: str | None
    state_name: str | None
    at: datetime | None  # when it began, or was to begin
    seconds: float

    @property
    def went_wrong(self) -> bool:
        return self.state_type in (StateType.FAILED, StateType.CRASHED)


@dataclass(frozen=True, slots=True)
class RecentRuns:
    """Oldest first. `p50` and `p95` are of those that completed, in seconds; None when none did."""

    runs: tuple[RecentRun, ...]
    spark: Sparkline
    p50: float | None
    p95: float | None

    @property
    def last(self) -> RecentRun | None:
        return self.runs[-1] if self.runs else None


def recent_runs(of: Of, ids: Iterable[UUID], at: datetime, *, started_only: bool = False) -> dict[UUID, RecentRuns]:
    """The runs of each, those planned for later left out; `started_only` also leaves out those that still wait."""
    found = _read(of, list(ids), at, started_only)
    return {key: summed_up(runs) for key, runs in found.items()}


def summed_up(runs: Sequence[RecentRun]) -> RecentRuns:
    """`runs` are oldest first."""
    seconds = sorted(run.seconds for run in runs if run.state_type == StateType.COMPLETED)
    drawn = runs[-DRAWN:]
    return RecentRuns(
        runs=tuple(runs),
        spark=sparkline([_mark(run) for run in drawn], sentence=_sentence(drawn), places=DRAWN),
        p50=percentile(seconds, 0.5),
        p95=percentile(seconds, 0.95),
    )


def percentile(in_order: Sequence[float], share: float) -> float | None:
    """The smallest value that is not exceeded by this share of them; None of nothing."""
    if not in_order:
        return None
    return in_order[max(0, -(-len(in_order) * round(share * 100) // 100) - 1)]


def _read(of: Of, ids: list[UUID], at: datetime, started_only: bool) -> dict[UUID, list[RecentRun]]:
    found: dict[UUID, list[RecentRun]] = defaultdict(list)
    for row in _newest(of, started_only).of_each([{"key": key, "at": at} for key in ids]):
        identifier, key, state_type, state_name, since, before, start, expected = row.values()
        seconds = seconds_running(state_type, since, before, at)
        found[key].append(RecentRun(identifier, state_type, state_name, start or expected, seconds))
    for runs in found.values():
        runs.sort(key=lambda run: (run.at or at, run.id))
    return found


@lru_cache
def _newest(of: Of, started_only: bool) -> PreparedRows:
    """Of one deployment, or flow: the first rows of its index, and no more."""

    def newest(key: UUID, at: datetime) -> QuerySet[Any, Any]:
        rows = FlowRun.objects.filter(**{of: key}).newest_first().filter(sort_time__lte=at)
        if started_only:
            rows = rows.filter(start_time__isnull=False)
        columns = ("id", f"{of}_id", "state_type", "state_name", "state_timestamp", "total_run_time")
        times = ("start_time", "expected_start_time")
        return FlowRun.objects.filter(pk__in=rows.values("pk")[:WINDOW]).values(*columns, *times)

    return PreparedRows(newest, "key", moments=["at"])


def _mark(run: RecentRun) -> Mark:
    return Mark(look_of(run.state_type, run.state_name).tone, run.seconds)


def _sentence(runs: Sequence[RecentRun]) -> str:
    if not runs:
        return "No run yet"
    wrong = sum(run.went_wrong for run in runs)
    ended = sum(run.state_type in TERMINAL for run in runs)
    under_way = f", {len(runs) - ended} not ended" if ended < len(runs) else ""
    return f"Last {len(runs)} run{'s' if len(runs) > 1 else ''}: {wrong} failed{under_way}"
