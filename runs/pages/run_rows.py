"""The rows of the list of runs: what each says beyond the run's own columns, read for a whole page at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from orchestrator.contract.states import StateType
from orchestrator.pages.looks import look_of
from orchestrator.statements.reading import PreparedRowsAmong
from orchestrator.web.kept import Kept
from runs.models import FlowRun, TaskRun
from runs.pages.reasons import Reason, read_reasons
from runs.pages.run_columns import Cell
from runs.pages.state_chips import word_of

BAR = 40.0  # px of a whole bar of duration, which is twice as long as usual
MOST_LOOKED_AT = 1_000  # completed runs whose durations say what is usual
_USUAL_DAYS = 30
_USUAL_KEPT_SECONDS = 30.0

_kept_usual: Kept[dict[UUID, float]] = Kept(_USUAL_KEPT_SECONDS)


@dataclass(frozen=True, slots=True)
class Tasks:
    total: int
    done: int
    failed: int

    @property
    def done_share(self) -> str:
        return self._share(self.done)

    @property
    def failed_share(self) -> str:
        return self._share(self.failed)

    @property
    def words(self) -> str:
        if self.failed and self.done + self.failed == self.total:
            return f"{self.failed} of {self.total} failed"
        words = f"{self.done} of {self.total}" if self.done < self.total else f"{self.total}"
        return f"{words} · {self.failed} failed" if self.failed else words

    def _share(self, number: int) -> str:
        """As a width."""
        return f"{100 * number / self.total:.4g}%"


@dataclass(frozen=True, slots=True)
class Lapse:
    """The bar of a duration, in px. `usual` is the median of the same deployment's completed runs, in seconds."""

    width: str
    usual: float | None


@dataclass(frozen=True, slots=True)
class Row:
    run: FlowRun
    tone: str
    state_word: str  # of the filter
    seconds: float | None
    running_since: datetime | None
    lapse: Lapse | None
    tasks: Tasks | None
    reason: Reason
    cells: tuple[Cell, ...] = field(default=())  # of the optional columns


def make_rows(runs: Sequence[FlowRun], now: datetime) -> list[Row]:
    """Four queries at most, however many rows."""
    tasks = _count_tasks(runs)
    usual = _usual_seconds(runs, now)
    reasons = read_reasons(runs, now)
    seconds = {run.pk: run.estimated_run_time(now) for run in runs if run.start_time}
    longest = max(seconds.values(), default=0.0)
    return [
        Row(
            run=run,
            tone=look_of(run.state_type, run.state_name).tone,
            state_word=word_of(run.state_type, run.state_name),
            seconds=seconds.get(run.pk),
            running_since=run_clock_start(run, now),
            lapse=_lapse(seconds.get(run.pk), usual.get(_kind(run)), longest),
            tasks=tasks.get(run.pk),
            reason=reasons[run.pk],
        )
        for run in runs
    ]


def run_clock_start(run: FlowRun | TaskRun, now: datetime) -> datetime | None:
    """When a running run would have begun had it run without a pause; None for one that does not run."""
    if run.state_type != StateType.RUNNING or run.state_timestamp is None:
        return None
    return now - timedelta(seconds=run.estimated_run_time(now))


def _count_tasks(runs: Sequence[FlowRun]) -> dict[UUID, Tasks]:
    counts: dict[UUID, Counter[str]] = defaultdict(Counter)
    for row in _tasks_of.all([run.pk for run in runs]):
        counts[row["flow_run"]][row["state_type"]] += row["number"]
    return {
        run_id: Tasks(
            total=sum(states.values()),
            done=states[StateType.COMPLETED],
            failed=states[StateType.FAILED] + states[StateType.CRASHED],
        )
        for run_id, states in counts.items()
    }


def _tasks_by_state(run_ids: list[UUID]) -> QuerySet[TaskRun, dict[str, Any]]:
    tasks = TaskRun.objects.filter(flow_run__in=run_ids).order_by()
    return tasks.values("flow_run", "state_type").annotate(number=Count("id"))


_tasks_of = PreparedRowsAmong(_tasks_by_state)


def _usual_seconds(runs: Sequence[FlowRun], now: datetime) -> dict[UUID, float]:
    """The median duration of each deployment, and of each flow without one, by the newest runs of them all together.

    What is usual changes slowly, and to find it out takes as long as the runs themselves.
    """
    flows = frozenset(run.flow_id for run in runs)
    if not any(run.start_time for run in runs):
        return {}
    return _kept_usual.get(flows, lambda: _find_usual_seconds(flows, now))


def _find_usual_seconds(flows: Collection[UUID], now: datetime) -> dict[UUID, float]:
    completed = (
        FlowRun.objects.newest_first()
        .filter(
            flow__in=flows,
            state_type=StateType.COMPLETED,
            sort_time__gte=now - timedelta(days=_USUAL_DAYS),
        )
        .values_list("flow_id", "deployment_id", "total_run_time")
    )
    lengths: dict[UUID, list[float]] = defaultdict(list)
    for flow_id, deployment_id, seconds in completed[:MOST_LOOKED_AT]:
        lengths[deployment_id or flow_id].append(seconds)
    return {kind: median(seconds) for kind, seconds in lengths.items() if len(seconds) >= 3}


def _kind(run: FlowRun) -> UUID:
    return run.deployment_id or run.flow_id


def _lapse(seconds: float | None, usual: float | None, longest: float) -> Lapse | None:
    if seconds is None:
        return None
    whole = 2 * usual if usual else longest
    share = min(1.0, seconds / whole) if whole else 0.0
    return Lapse(width=f"{max(1.0, share * BAR):.3g}", usual=usual)
