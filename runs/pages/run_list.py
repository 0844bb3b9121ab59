"""`/runs/`: the flow runs, newest first."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestrator.contract.states import StateType
from orchestrator.live.looks import look_of
from orchestrator.live.page import page, render_page
from runs.models import FlowRun, TaskRun
from runs.models.flow_runs import FlowRunQuerySet
from runs.pages.failures import reason_in_brief
from runs.pages.run_filter import RANGES, SOON, STATES, USUAL_RANGE, RunFilter, place_of

PAGE_SIZE = 50
OVERDUE_SECONDS = 15.0  # a run that is due waits for less than that while a worker serves its pool
MOST_COUNTED = 10_000  # runs; more are said to be "10,000+"
COLUMNS = (
    "id", "name", "tags", "state", "state_type", "state_name", "state_timestamp", "total_run_time", "start_time",
    "end_time", "expected_start_time", "next_scheduled_start_time", "flow__name", "deployment__name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A run with what its row says beyond the run's own columns."""

    run: FlowRun
    seconds: float | None
    running_since: datetime | None
    tasks: dict[str, Any] | None
    what_happened: str


@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    return redirect("runs:list")


@require_safe
@page
def run_list(request: HttpRequest) -> HttpResponseBase:
    now = timezone.now()
    wanted = RunFilter.from_query(request.GET)
    in_range = wanted.in_range(now)
    runs, earlier, later = _read_page(wanted, wanted.with_state(in_range))
    context = {
        "now": now,
        "section": "runs",
        "filter": wanted,
        "state_words": list(STATES),
        "rows": _rows(runs, now),
        "newer": place_of(runs[0]) if later and runs else None,
        "older": place_of(runs[-1]) if earlier and runs else None,
        "chips": _chips(request, wanted, in_range),
        "ranges": [(key, words) for key, (words, _) in RANGES.items()],
        "range_words": RANGES[wanted.range][0].lower(),
        "planned": _count_planned(now),
        "anything_live": any(not run.is_terminal for run in runs),
        "is_plain": not wanted.is_narrowed and wanted.range == USUAL_RANGE,
    }
    return render_page(request, "runs/list.html", context, fragments={"runs": "runs/list_rows.html"})


def _read_page(wanted: RunFilter, runs: FlowRunQuerySet) -> tuple[list[FlowRun], bool, bool]:
    """One keyset page, whether older runs follow, and whether newer ones precede."""
    runs = runs.select_related("flow", "deployment").only(*COLUMNS)
    if wanted.after is not None:
        moment, identifier = wanted.after
        closer = runs.filter(Q(sort_time__gt=moment) | Q(sort_time=moment, id__gt=identifier)).order_by(
            "sort_time", "id"
        )
        found = list(closer[: PAGE_SIZE + 1])
        return found[:PAGE_SIZE][::-1], True, len(found) > PAGE_SIZE
    if wanted.before is not None:
        moment, identifier = wanted.before
        runs = runs.filter(Q(sort_time__lt=moment) | Q(sort_time=moment, id__lt=identifier))
    found = list(runs[: PAGE_SIZE + 1])
    return found[:PAGE_SIZE], len(found) > PAGE_SIZE, wanted.before is not None


def _rows(runs: list[FlowRun], now: datetime) -> list[Row]:
    tasks: dict[UUID, Counter[str]] = defaultdict(Counter)
    counted = (
        TaskRun.objects.filter(flow_run__in=[run.id for run in runs]).order_by().values_list("flow_run", "state_type")
    )
    for run_id, state_type, number in counted.annotate(number=Count("id")):
        tasks[run_id][state_type] += number
    return [
        Row(
            run=run,
            seconds=run.estimated_run_time(now) if run.start_time else None,
            running_since=run_clock_start(run, now),
            tasks=_task_words(tasks[run.id]),
            what_happened=_what_happened(run, now),
        )
        for run in runs
    ]


def run_clock_start(run: FlowRun | TaskRun, now: datetime) -> datetime | None:
    """When a running run would have begun had it run without a pause; None for one that does not run."""
    if run.state_type != StateType.RUNNING or run.state_timestamp is None:
        return None
    return now - timedelta(seconds=run.estimated_run_time(now))


def _task_words(counts: Counter[str]) -> dict[str, Any] | None:
    total = sum(counts.values())
    if not total:
        return None
    failed = counts[StateType.FAILED] + counts[StateType.CRASHED]
    done = counts[StateType.COMPLETED]
    words = f"{done} of {total}" if done < total else f"{total}"
    return {"total": total, "done": done, "failed": failed, "words": f"{words} · {failed} failed" if failed else words}


def _what_happened(run: FlowRun, now: datetime) -> str:
    """Why the run is in its state, where a state needs a reason."""
    if run.state_type in (StateType.COMPLETED, StateType.RUNNING):
        return ""
    reason = reason_in_brief((run.state or {}).get("message"))[:200]
    due = run.next_scheduled_start_time or run.expected_start_time
    if not reason and run.state_type == StateType.SCHEDULED and due and (now - due).total_seconds() > OVERDUE_SECONDS:
        return "due, but nothing has begun it"
    return reason


def _chips(request: HttpRequest, wanted: RunFilter, in_range: FlowRunQuerySet) -> list[dict[str, Any]]:
    """One chip for each state that occurs in the range, which shows only that state, or all again."""
    counts = Counter(in_range.order_by().values_list("state_type", flat=True)[:MOST_COUNTED])
    full = counts.total() >= MOST_COUNTED
    chips = [_chip(request, wanted, "", counts.total(), full)]
    for state_type in StateType:
        word = state_type.value.lower()
        if counts[state_type.value] or word in wanted.states:
            chips.append(_chip(request, wanted, word, counts[state_type.value], full))
    return chips


def _chip(request: HttpRequest, wanted: RunFilter, word: str, number: int, full: bool) -> dict[str, Any]:
    query = request.GET.copy()
    for gone in ("state", "before", "after_run", "fragment", "after"):
        query.pop(gone, None)
    if word:
        query["state"] = word
    return {
        "word": word.capitalize() or "All",
        "tone": look_of(word.upper(), None).tone if word else "",
        "count": f"{number:,}{'+' if full else ''}",
        "url": f"?{query.urlencode()}" if query else request.path,
        "is_on": wanted.states == ((word,) if word else ()),
    }


def _count_planned(now: datetime) -> int:
    """Runs planned for later than the list shows."""
    return FlowRun.objects.scheduled().top_level().filter(next_scheduled_start_time__gt=now + SOON).count()
