"""What differs between two runs. `here` is the run of the page, `there` the other one."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Sum

from orchestrator.contract.states import StateType
from orchestrator.pages.looks import look_of
from orchestrator.pages.schema_forms import MASK
from orchestrator.pages.words import duration_words, exact_words
from runs.models import FlowRun, TaskRun
from runs.pages.parameters import shown_parameters
from runs.services.failures.columns import BAD_ENDS

MOST_TASKS = 200  # kinds of task in the table
MOST_DEPTH = 4  # of nested parameters that are compared key by key
ALIKE_SECONDS = 0.05  # durations that differ less are the same
WIDTH = 120.0  # pixels of the longest bar
_NOTHING = object()
_OWN = ("Started", "Duration", "Late by")  # each run has its own, so that it differs says nothing


@dataclass(frozen=True, slots=True)
class Difference:
    """One line: `word` is `same`, `changed`, `only here` or `only there`."""

    name: str
    here: str
    there: str
    word: str

    @property
    def differs(self) -> bool:
        return self.word != "same"


@dataclass(slots=True)
class Side:
    count: int = 0
    seconds: float = 0.0
    states: Counter[str] = field(default_factory=Counter)
    first: datetime | None = None

    @property
    def words(self) -> str:
        """`3 completed, 1 failed`."""
        return ", ".join(
            f"{number} {look_of(type_ or None, None).word.lower()}" for type_, number in self.states.most_common()
        )

    @property
    def went_wrong(self) -> bool:
        return any(self.states[type_] for type_ in BAD_ENDS)


@dataclass(frozen=True, slots=True)
class TaskDifference:
    name: str
    here: Side | None
    there: Side | None
    longest: float  # seconds, of all tasks of both runs

    @property
    def delta(self) -> str:
        """`+1.2 s (+40 %)`: how much longer it took here."""
        if self.here is None or self.there is None:
            return "only here" if self.here else "only there"
        more = self.here.seconds - self.there.seconds
        if abs(more) < ALIKE_SECONDS:
            return "the same"
        share = f" ({more / self.there.seconds:+.0%})" if self.there.seconds > ALIKE_SECONDS else ""
        return f"{'+' if more > 0 else '−'}{duration_words(abs(more))}{share}".replace("-", "−")

    @property
    def states_differ(self) -> bool:
        return (self.here.states if self.here else None) != (self.there.states if self.there else None)

    @property
    def width_here(self) -> float:
        return self._width(self.here)

    @property
    def width_there(self) -> float:
        return self._width(self.there)

    @property
    def tone(self) -> str:
        return "failed" if self.here and self.here.went_wrong else "completed"

    def _width(self, side: Side | None) -> float:
        return round(WIDTH * side.seconds / self.longest, 1) if side and self.longest else 0.0


def compare_facts(here: FlowRun, there: FlowRun, now: datetime) -> list[Difference]:
    pairs = [
        ("State", _state(here), _state(there)),
        ("Started", _when(here.start_time), _when(there.start_time)),
        ("Duration", _took(here, now), _took(there, now)),
        ("Late by", duration_words(here.lateness(now)), duration_words(there.lateness(now))),
        ("Flow", here.flow.name, there.flow.name),
        ("Flow version", here.flow_version or "", there.flow_version or ""),
        ("Deployment", _deployment(here), _deployment(there)),
        ("Deployment version", here.deployment_version or "", there.deployment_version or ""),
        ("Work queue", here.work_queue_name or "", there.work_queue_name or ""),
        ("Tries", str(here.run_count), str(there.run_count)),
        ("Tags", ", ".join(here.tags), ", ".join(there.tags)),
        ("Job variables", _text(here.job_variables or {}), _text(there.job_variables or {})),
        ("Error", here.error_words, there.error_words),
    ]
    return [
        Difference(name, one, other, "same" if name in _OWN else _word(one, other))
        for name, one, other in pairs
        if one or other
    ]


def compare_parameters(here: FlowRun, there: FlowRun) -> list[Difference]:
    """Nested ones by their paths, `options.mode`; what differs comes first. Secrets are compared, and told as stars."""
    ours, theirs = dict(_flat(here.parameters)), dict(_flat(there.parameters))
    our_words, their_words = dict(_flat(shown_parameters(here))), dict(_flat(shown_parameters(there)))
    found = []
    for name in dict.fromkeys([*ours, *theirs]):
        one, other = ours.get(name, _NOTHING), theirs.get(name, _NOTHING)
        word = "only here" if other is _NOTHING else "only there" if one is _NOTHING else _word(one, other)
        ours_told = "" if one is _NOTHING else _text(our_words.get(name, MASK))
        theirs_told = "" if other is _NOTHING else _text(their_words.get(name, MASK))
        found.append(Difference(name, ours_told, theirs_told, word))
    return sorted(found, key=lambda one: not one.differs)


def compare_tasks(here: FlowRun, there: FlowRun) -> list[TaskDifference]:
    """The kinds of task of both runs, in the order in which they first began. One query."""
    sides: dict[str, dict[Any, Side]] = defaultdict(dict)
    grouped = TaskRun.objects.filter(flow_run__in=[here.id, there.id]).values("flow_run", "task_key", "state_type")
    counted = grouped.annotate(
        number=Count("id"), seconds=Sum("total_run_time"), first=Min("start_time"), called=Min("name")
    )
    for row in counted.order_by("first"):
        side = sides[_kind(row["called"])].setdefault(row["flow_run"], Side())
        side.count += row["number"]
        side.seconds += row["seconds"] or 0.0
        side.states[row["state_type"] or ""] += row["number"]
        side.first = min(filter(None, [side.first, row["first"]]), default=None)
    longest = max((side.seconds for of_kind in sides.values() for side in of_kind.values()), default=0.0)
    return [
        TaskDifference(name, of_kind.get(here.id), of_kind.get(there.id), longest)
        for name, of_kind in list(sides.items())[:MOST_TASKS]
    ]


def first_difference(tasks: Sequence[TaskDifference]) -> TaskDifference | None:
    """The first kind of task whose runs ended otherwise."""
    return next((task for task in tasks if task.states_differ), None)


def _kind(name: str) -> str:
    stem, dash, _ = name.rpartition("-")
    return stem if dash and stem else name


def _flat(values: Mapping[str, Any], path: str = "", depth: int = 1) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = f"{path}{key}"
        if isinstance(value, dict) and value and depth < MOST_DEPTH:
            yield from _flat(value, f"{name}.", depth + 1)
        else:
            yield name, value


def _word(one: Any, other: Any) -> str:
    return "same" if one == other and type(one) is type(other) else "changed"


def _text(value: Any) -> str:
    return "" if value == {} else json.dumps(value, ensure_ascii=False, default=str)


def _state(run: FlowRun) -> str:
    return look_of(run.state_type, run.state_name).word


def _when(moment: datetime | None) -> str:
    return exact_words(moment) if moment else ""


def _took(run: FlowRun, now: datetime) -> str:
    running = " so far" if run.state_type == StateType.RUNNING else ""
    return f"{duration_words(run.estimated_run_time(now))}{running}" if run.start_time else ""


def _deployment(run: FlowRun) -> str:
    return run.deployment.name if run.deployment else ""
