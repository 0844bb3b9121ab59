"""The log as a part of a page: of a flow run, of a task run, or alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Min, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from orchestrator.contract.states import StateType
from runs.models import FlowRun, Log, TaskRun
from runs.models.logs import LogQuerySet
from runs.pages.logs.arrivals import read_arrivals
from runs.pages.logs.counts import count_levels, count_lines
from runs.pages.logs.filters import TIMES, LogFilter, Place
from runs.pages.logs.lines import Clock, clock_from, clock_in
from runs.pages.logs.matches import PATIENCE, read_matches
from runs.pages.logs.patterns import PatternRefused
from runs.pages.logs.time_window import address_of_typed, is_typed, window_form, window_in_words
from runs.pages.logs.windows import next_of_level, read_window
from runs.services.failures.columns import BAD_ENDS

MOST_TASKS = 50  # to choose from; more are found by the page of the run
MOST_ATTEMPTS = 20
LESS_PATIENCE = PATIENCE / 6  # seconds, for counts alone, where the page is searched for from a line on
KEPT = ("level", "q", "task", "logger", "attempt", "t0", "t1")  # what a filter is made of, in the address
T = TypeVar("T")
# What the form of the search says itself, and places in the lines that it leaves behind.
_OF_THE_SEARCH = {"q", "task", "logger", "attempt", "at", "before", "from", "after", "fragment", "jump"}
JUMPS = {"error": True, "previous-error": False}  # whether forwards


@dataclass(frozen=True, slots=True)
class LogOwner:
    """Whose log it is, and what of it is known without reading lines."""

    run: FlowRun | TaskRun
    logs: LogQuerySet
    flow_run_id: UUID | None  # whose tasks can be chosen
    address: str  # of the page that has nothing but the log
    tasks: Sequence[TaskRun] | None = None  # of the flow run, where somebody has read them already

    @classmethod
    def of_flow_run(cls, run: FlowRun, tasks: Sequence[TaskRun] | None = None) -> LogOwner:
        return cls(run, Log.objects.filter(flow_run_id=run.id), run.id, reverse("runs:logs", args=[run.id]), tasks)

    @classmethod
    def of_task_run(cls, task: TaskRun) -> LogOwner:
        address = reverse("runs:task-logs", args=[task.id])
        return cls(task, Log.objects.filter(task_run_id=task.id), None, address)

    @property
    def opens_at(self) -> Place:
        """A run that failed opens at the line that tells why, or at its last error."""
        if self.run.state_type not in BAD_ENDS:
            return Place()
        errors = LogFilter(level="error")
        return Place(at=self.run.failure_log_id or next_of_level(self.logs, errors, None, forwards=False))

    @property
    def opens_at_end(self) -> bool:
        return self.run.state_type not in (None, StateType.COMPLETED)


def read_filter(request: HttpRequest, owner: LogOwner) -> LogFilter:
    wanted = LogFilter.from_query(request.GET, begin=owner.run.start_time, run_id=owner.flow_run_id)
    if wanted.attempt is None:
        return wanted
    return wanted.within(*_span_of_attempt(owner.run, wanted.attempt))


def read_log(request: HttpRequest, owner: LogOwner) -> dict[str, Any]:
    """What the templates of a log want."""
    wanted = read_filter(request, owner)
    place = Place.from_query(request.GET)
    if not place.is_given and not wanted.is_narrowed:
        place = owner.opens_at
    matches = read_matches(owner.logs, wanted, seconds=PATIENCE if place.end or not place.is_given else LESS_PATIENCE)
    clock = _clock(request, owner)
    window, wanted = _read_patiently(
        lambda asked: read_window(
            owner.logs,
            asked,
            place,
            from_end=owner.opens_at_end and not asked.needle,
            clock=clock,
            matches=matches,
            begin=owner.run.start_time if owner.flow_run_id and not asked.is_narrowed else None,
            run_id=owner.flow_run_id,
        ),
        wanted,
    )
    return {
        "log": window,
        "log_filter": wanted,
        "log_counts": (
            count_lines(window.lines)
            if window.is_whole and not wanted.is_narrowed
            else count_levels(owner.logs, wanted, matches)
        ),
        "log_tasks": _tasks(owner, wanted),
        "log_loggers": sorted({*window.loggers, *([wanted.logger] if wanted.logger else [])}),
        "log_attempts": range(1, min(owner.run.run_count, MOST_ATTEMPTS) + 1) if owner.run.run_count > 1 else (),
        "log_times": {"chosen": _times(request), "all": TIMES},
        "log_address": owner.address,
        "log_query": _query_of(request),
        "log_kept": [(name, value) for name, value in request.GET.items() if name not in _OF_THE_SEARCH],
        "log_limits": window_in_words(request, wanted, clock),
        "log_window": window_form(request, owner.run, wanted),
        "log_here": place.at,
        "log_at_end": place.end == "end" or (owner.opens_at_end and not place.is_given and not wanted.needle),
        "logs_may_come": not owner.run.is_terminal,
    }


def answer_about_log(request: HttpRequest, owner: LogOwner) -> HttpResponseBase | None:
    """What is asked of a log besides a look at it: its newest lines, or the way to the next error or to a window that
    was typed. None: nothing."""
    if request.GET.get("fragment") == "logs" and "after" in request.GET:
        return _arrivals(request, owner)
    if request.GET.get("jump") in JUMPS:
        return _jump(request, owner)
    if is_typed(request):
        return HttpResponseRedirect(address_of_typed(request, owner.run))
    return None


def _arrivals(request: HttpRequest, owner: LogOwner) -> HttpResponse:
    """Only the lines that arrived since, for a page that has the others."""
    arrivals, wanted = _read_patiently(
        lambda asked: read_arrivals(owner.logs, asked, request.GET["after"], clock=_clock(request, owner)),
        read_filter(request, owner),
    )
    counts = count_levels(owner.logs, wanted) if "counts" in request.GET else None  # not with every line that comes
    context = {"arrivals": arrivals, "log_counts": counts, "log_filter": wanted, "log_address": owner.address}
    if arrivals.gap:
        context["log_gap"] = urlencode(_asked(request) | {"before": str(arrivals.gap.before)})
    return render(request, "runs/log_lines.html", context)


def _jump(request: HttpRequest, owner: LogOwner) -> HttpResponseBase:
    """To the error after or before the line that the reader is at, by its permanent address."""
    forwards = JUMPS[request.GET["jump"]]
    origin = Place.from_query(request.GET).since
    within = LogFilter.from_query({"level": "error", "task": request.GET.get("task", "")}, run_id=owner.flow_run_id)
    found = next_of_level(owner.logs, within, origin, forwards=forwards) or origin
    query = {name: value for name, value in request.GET.items() if name in (*KEPT, "times", "view") and name != "q"}
    if found is None:
        return HttpResponseRedirect(f"{request.path}?{urlencode(query)}")
    return HttpResponseRedirect(f"{request.path}?{urlencode(query | {'at': str(found)})}#L{found}")


def _read_patiently(read: Callable[[LogFilter], T], wanted: LogFilter) -> tuple[T, LogFilter]:
    """Read, and where the expression takes too long read again without it; the filter then says so."""
    try:
        return read(wanted), wanted
    except PatternRefused as refusal:
        without = wanted.without_needle(str(refusal))
        return read(without), without


def _span_of_attempt(run: FlowRun | TaskRun, attempt: int) -> tuple[datetime | None, datetime | None]:
    """From when the run was begun for the nth time until it was begun again; the first has what came before, too."""
    begun = run.states.filter(type=StateType.RUNNING.value).order_by("timestamp")
    times = list(begun.values_list("timestamp", flat=True)[max(0, attempt - 1) : attempt + 1])
    return (times[0] if times and attempt > 1 else None), (times[1] if len(times) > 1 else None)


def _tasks(owner: LogOwner, wanted: LogFilter) -> list[dict[str, str]]:
    """The tasks to choose from, each with its runs together, and the one that is chosen."""
    if owner.flow_run_id is None:
        return []
    runs = TaskRun.objects.filter(flow_run_id=owner.flow_run_id).order_by()
    groups = _groups_of(owner.tasks) if owner.tasks is not None else _groups(runs)
    found = [{"value": group["task_key"], "words": _words_of(group)} for group in groups]
    if wanted.task and wanted.task not in {one["value"] for one in found}:
        name = runs.filter(id=wanted.task_id).values_list("name", flat=True).first() if wanted.task_id else None
        found.insert(0, {"value": wanted.task, "words": name or wanted.task[:60]})
    return found


def _groups(runs: QuerySet[TaskRun]) -> Iterable[Mapping[str, Any]]:
    return runs.values("task_key").annotate(runs=Count("id"), one=Min("name")).order_by("one")[:MOST_TASKS]


def _groups_of(tasks: Sequence[TaskRun]) -> Iterable[Mapping[str, Any]]:
    """The same of tasks that were read."""
    names: dict[str, list[str]] = {}
    for task in tasks:
        names.setdefault(task.task_key, []).append(task.name)
    found = [{"task_key": key, "runs": len(of_key), "one": min(of_key)} for key, of_key in names.items()]
    return sorted(found, key=lambda group: str(group["one"]))[:MOST_TASKS]


def _words_of(group: Mapping[str, Any]) -> str:
    name, _, _ = group["one"].rpartition("-")
    return f"{name or group['one']} ×{group['runs']}" if group["runs"] > 1 else group["one"]


def _clock(request: HttpRequest, owner: LogOwner) -> Clock:
    begin = owner.run.start_time
    times = _times(request)
    if times == "start" and begin:
        return clock_from(begin)
    return clock_in(UTC if times == "utc" else timezone.get_current_timezone())


def _times(request: HttpRequest) -> str:
    times = request.GET.get("times", "")
    return times if times in TIMES else ""


def _query_of(request: HttpRequest) -> str:
    """The filter as an address has it, for the files of exactly these lines."""
    given = _asked(request)
    return f"?{urlencode(given)}" if given else ""


def _asked(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET[name] for name in KEPT if request.GET.get(name)}
