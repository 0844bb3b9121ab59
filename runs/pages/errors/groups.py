"""Kinds of error within a stretch of time. What a kind is, is in the column that failed runs carry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q

from orchestrator.pages.charts.bars import Bars, Bucket, stacked_bars
from orchestrator.pages.charts.sparkline import Mark, Sparkline, sparkline
from orchestrator.pages.charts.steps import count_by_step, step_between, step_starts, step_words
from orchestrator.pages.time_range import TimeRange
from runs.models import FlowRun, KnownError
from runs.models.flow_runs import FlowRunQuerySet
from runs.services.failures.naming import pattern_of
from runs.services.failures.tracebacks import place_in_brief

LONGEST_TREND = timedelta(days=30)  # where the range has no beginning
BARS_IN_A_ROW = 16
MOST_FLOWS = 3  # named in a row of the list
ORDERS = {"last": "Last seen", "first": "First seen", "count": "Runs"}
KNOWN = {"": "All", "no": "Not known", "yes": "Known"}
_RUN = ("id", "name", "flow__name", "end_time", "state_type", "state_name", "error_fingerprint", "error_type",
        "error_message", "error_frame", "error_source", "failure_log_id", "deployment_id")  # fmt: skip


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Runs that failed in the same way within the range."""

    fingerprint: str
    count: int
    first: datetime
    last: datetime
    run: FlowRun  # the newest
    flows: tuple[str, ...]
    more_flows: int
    known: KnownError | None
    trend: Sparkline | None = None

    @property
    def type(self) -> str:
        return self.run.error_type or self.run.state_name or "Error"

    @property
    def message(self) -> str:
        """What the messages have in common, ‹› and # for what differs; the newest where that would say nothing."""
        message = self.run.error_message or ""
        pattern = pattern_of(message)
        return pattern if any(letter.isalpha() for letter in pattern) else message

    @property
    def place(self) -> str:
        return place_in_brief(self.run.error_frame or "")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address of the list asks for."""

    range: TimeRange
    text: str = ""
    known: str = ""
    sort: str = "last"

    @classmethod
    def from_query(cls, query: Any) -> Wanted:
        known, sort = query.get("known", ""), query.get("sort", "last")
        return cls(
            range=TimeRange.from_query(query, usual="7d"),
            text=query.get("q", "").strip(),
            known=known if known in KNOWN else "",
            sort=sort if sort in ORDERS else "last",
        )


def failed_runs(range_: TimeRange) -> FlowRunQuerySet:
    """The runs of every kind of error that ended within the range."""
    runs: FlowRunQuerySet = FlowRun.objects.filter(error_fingerprint__isnull=False, end_time__isnull=False)
    if range_.since:
        runs = runs.filter(end_time__gte=range_.since)
    if range_.until:
        runs = runs.filter(end_time__lt=range_.until)
    return runs


def read_groups(wanted: Wanted, *, first: int, most: int) -> tuple[list[ErrorGroup], bool]:
    """`most` groups from the place `first` on, and whether there are more."""
    runs = failed_runs(wanted.range)
    if wanted.text:
        text = wanted.text
        runs = runs.filter(
            Q(error_type__icontains=text) | Q(error_message__icontains=text) | Q(error_frame__icontains=text)
        )
    if wanted.known:
        known = KnownError.objects.values("fingerprint")
        is_known = Q(error_fingerprint__in=known)
        runs = runs.filter(is_known if wanted.known == "yes" else ~is_known)
    counted = (
        runs.order_by()
        .values("error_fingerprint")
        .annotate(count=Count("*"), first=Min("end_time"), last=Max("end_time"))
    )
    rows = list(counted.order_by(f"-{wanted.sort}", "error_fingerprint")[first : first + most + 1])
    return _groups(rows[:most], runs, wanted.range), len(rows) > most


def read_group(fingerprint: str, range_: TimeRange) -> ErrorGroup | None:
    """One kind, as the range shows it; as of ever where the range has none. None when no run carries it."""
    for runs in (failed_runs(range_), FlowRun.objects.filter(end_time__isnull=False)):
        runs = runs.filter(error_fingerprint=fingerprint)
        rows = list(
            runs.order_by()
            .values("error_fingerprint")
            .annotate(count=Count("*"), first=Min("end_time"), last=Max("end_time"))
        )
        if rows:
            return _groups(rows, runs, range_, with_trend=False)[0]
    return None


def read_trend(fingerprint: str, range_: TimeRange, address_between: Callable[[datetime, datetime], str]) -> Bars:
    """How many runs failed so, along the range; each bar leads to its stretch of time."""
    since, until, step = _steps(range_, most=72)
    runs = failed_runs(range_).filter(error_fingerprint=fingerprint, end_time__gte=since)
    counts: dict[datetime, int] = dict(count_by_step(runs, "end_time", step))
    buckets = [
        Bucket(start, {"failed": counts.get(start, 0)}, address_between(start, start + step))
        for start in step_starts(since, until, step)
    ]
    return stacked_bars(buckets, sentence=f"{sum(counts.values()):,} failed runs, each bar {step_words(step)}")


def _groups(
    rows: Sequence[Mapping[str, Any]], runs: FlowRunQuerySet, range_: TimeRange, *, with_trend: bool = True
) -> list[ErrorGroup]:
    """Three questions whatever the number of groups, and one for the trends."""
    prints = [row["error_fingerprint"] for row in rows]
    newest = _newest(rows)
    flows = _flows(runs, prints)
    known = {one.fingerprint: one for one in KnownError.objects.filter(fingerprint__in=prints)}
    trends = _trends(runs, prints, range_) if with_trend else {}
    return [
        ErrorGroup(
            fingerprint=row["error_fingerprint"],
            count=row["count"],
            first=row["first"],
            last=row["last"],
            run=newest[row["error_fingerprint"]],
            flows=tuple(flows[row["error_fingerprint"]][:MOST_FLOWS]),
            more_flows=max(0, len(flows[row["error_fingerprint"]]) - MOST_FLOWS),
            known=known.get(row["error_fingerprint"]),
            trend=trends.get(row["error_fingerprint"]),
        )
        for row in rows
        if row["error_fingerprint"] in newest
    ]


def _newest(rows: Sequence[Mapping[str, Any]]) -> dict[str, FlowRun]:
    """The last run of each group, found by when it ended."""
    last = Q(pk__in=[])
    for row in rows:
        last |= Q(error_fingerprint=row["error_fingerprint"], end_time=row["last"])
    found = FlowRun.objects.filter(last).select_related("flow").only(*_RUN).order_by("id")
    return {run.error_fingerprint: run for run in found if run.error_fingerprint}


def _flows(runs: FlowRunQuerySet, prints: Collection[str]) -> dict[str, list[str]]:
    """The names of the flows of each group, those that failed most first."""
    counted = runs.filter(error_fingerprint__in=prints).order_by().values_list("error_fingerprint", "flow__name")
    names: dict[str, list[str]] = defaultdict(list)
    for fingerprint, name, _ in counted.annotate(count=Count("*")).order_by("-count", "flow__name"):
        names[fingerprint].append(name)
    return names


def _trends(runs: FlowRunQuerySet, prints: Collection[str], range_: TimeRange) -> dict[str, Sparkline]:
    since, until, step = _steps(range_, most=BARS_IN_A_ROW)
    counts: dict[str, dict[datetime, int]] = defaultdict(dict)
    within = runs.filter(error_fingerprint__in=prints, end_time__gte=since)
    for start, fingerprint, number in count_by_step(within, "end_time", step, "error_fingerprint"):
        counts[fingerprint][start] = number
    starts = step_starts(since, until, step)
    return {
        fingerprint: sparkline(
            [Mark("failed" if found.get(start) else "scheduled", found.get(start) or None) for start in starts],
            sentence=f"{sum(found.values()):,} failed runs, each bar {step_words(step)}",
        )
        for fingerprint, found in counts.items()
    }


def _steps(range_: TimeRange, *, most: int) -> tuple[datetime, datetime, timedelta]:
    until = range_.until or range_.now
    since = range_.since or until - LONGEST_TREND
    return since, until, step_between(since, until, most=most)
