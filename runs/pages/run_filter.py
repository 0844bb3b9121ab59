"""The filter of the list of runs: what the address asks for, and the runs that answer it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.http import QueryDict

from orchestrator.contract.states import StateType
from orchestrator.contract.times import format_time, parse_time
from runs.models import FlowRun
from runs.models.flow_runs import FlowRunQuerySet

RANGES = {
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("Last 24 hours", timedelta(days=1)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
    "all": ("Any time", None),
}
USUAL_RANGE = "7d"
SOON = timedelta(hours=1)  # runs planned for later than this are only listed when scheduled runs are asked for

# Words for the address → how a run is recognised. Two are names of states that mean more than their type.
STATES: dict[str, Q] = {type_.value.lower(): Q(state_type=type_.value) for type_ in StateType}
STATES["late"] = Q(state_name="Late")
STATES["retrying"] = Q(state_name__in=("Retrying", "AwaitingRetry"))


@dataclass(frozen=True, slots=True)
class RunFilter:
    states: tuple[str, ...] = ()
    flow: str = ""  # the flow's name; `*` stands for anything
    name: str = ""  # part of the run's name
    tag: str = ""
    range: str = USUAL_RANGE
    subflows: bool = False
    before: tuple[datetime, UUID] | None = None  # the keyset page that follows this place
    after: tuple[datetime, UUID] | None = None  # the keyset page that precedes this place
    unknown: tuple[str, ...] = field(default=())  # words of the address that mean nothing

    @classmethod
    def from_query(cls, query: QueryDict) -> RunFilter:
        asked = [word.strip().lower() for value in query.getlist("state") for word in value.split(",") if word.strip()]
        range_ = query.get("range", USUAL_RANGE)
        unknown = [f"state {word}" for word in asked if word not in STATES]
        if range_ not in RANGES:
            unknown.append(f"range {range_}")
        return cls(
            states=tuple(word for word in asked if word in STATES),
            flow=query.get("flow", "").strip(),
            name=query.get("q", "").strip(),
            tag=query.get("tag", "").strip(),
            range=range_ if range_ in RANGES else USUAL_RANGE,
            subflows=query.get("subflows") == "1",
            before=read_place(query.get("before", "")),
            after=read_place(query.get("after_run", "")),
            unknown=tuple(unknown),
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.states or self.flow or self.name or self.tag)

    @property
    def is_first_page(self) -> bool:
        return self.before is None and self.after is None

    def in_range(self, now: datetime) -> FlowRunQuerySet:
        """The runs that match in everything but their state, each with its `sort_time`."""
        runs = FlowRun.objects.newest_first()
        _, span = RANGES[self.range]
        if span is not None:
            runs = runs.filter(sort_time__gte=now - span)
        if "scheduled" not in self.states:
            runs = runs.filter(sort_time__lte=now + SOON)
        if not self.subflows:
            runs = runs.top_level()
        if self.flow:
            runs = runs.filter(_flow_matches(self.flow))
        if self.name:
            runs = runs.filter(_name_matches(self.name))
        if self.tag:
            runs = runs.filter(tag_rows__tag=self.tag)
        return runs

    def with_state(self, runs: FlowRunQuerySet) -> FlowRunQuerySet:
        if not self.states:
            return runs
        wanted = Q()
        for word in self.states:
            wanted |= STATES[word]
        return runs.filter(wanted)


def place_of(run: FlowRun) -> str:
    """Where a run stands in the list, as the address of the next page says it."""
    return f"{format_time(run.sort_time)}_{run.id}"


def read_place(text: str) -> tuple[datetime, UUID] | None:
    moment, _, identifier = text.partition("_")
    try:
        return parse_time(moment), UUID(identifier)
    except ValueError:
        return None


def _flow_matches(pattern: str) -> Q:
    if "*" not in pattern:
        return Q(flow__name__iexact=pattern)
    start, *middle, end = pattern.split("*")
    matches = Q()
    if start:
        matches &= Q(flow__name__istartswith=start)
    for part in filter(None, middle):
        matches &= Q(flow__name__icontains=part)
    if end:
        matches &= Q(flow__name__iendswith=end)
    return matches


def _name_matches(text: str) -> Q:
    """Part of the run's name, or its whole identifier."""
    try:
        return Q(id=UUID(text))
    except ValueError:
        return Q(name__icontains=text)
