"""Runs that went wrong and were not made up for: none of their deployment, or flow, completed since. Two queries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, Subquery, Value, When
from django.db.models.functions import Coalesce

from orchestrator.contract.states import StateType
from orchestrator.pages.addresses import address_of
from runs.models import FlowRun, FlowRunTag
from runs.models.run import RunQuerySet

READ = 2_000  # failed runs, and as many crashed ones, the newest
MOST_RETRIED = 25  # runs that one button begins again
MOST_GROUPS = 15
_WRONG = (StateType.FAILED.value, StateType.CRASHED.value)


@dataclass(frozen=True, slots=True)
class Failing:
    """`runs` are the newest first, at most those that are retried together; `count` counts all that were read."""

    key: str
    name: str
    url: str
    first: UUID
    since: datetime | None  # when the first went wrong
    last: FlowRun
    runs: list[UUID]
    count: int
    is_capped: bool

    @property
    def words(self) -> str:
        return f"{self.count}{'+' if self.is_capped else ''} runs"

    @property
    def error_words(self) -> str:
        words = self.last.error_words or ((self.last.state or {}).get("message") or "").partition("\n")[0]
        return f"{words} · {self.last.error_frame}" if self.last.error_frame else words[:200]


class _Wrong(NamedTuple):
    """A run that went wrong; `at` is its place in the order of runs."""

    id: UUID
    deployment_id: UUID | None
    flow_id: UUID
    state_type: str
    at: datetime
    ended: datetime | None

    @property
    def owner(self) -> UUID:
        return self.deployment_id or self.flow_id


def read_failing(since: datetime, tag: str = "") -> list[Failing]:
    """The groups that went wrong last, first."""
    wrong = _newest_wrong(since, tag)
    groups: dict[UUID, list[_Wrong]] = defaultdict(list)
    for run in wrong:
        groups[run.owner].append(run)
    known_since = _known_since(wrong)
    found = []
    for last in _last_of_failing([runs[0].id for runs in groups.values()], since):
        well_at: datetime = last.well_at
        runs = [run for run in groups[last.deployment_id or last.flow_id] if run.at >= well_at]
        found.append(_failing(last, runs, is_capped=known_since is not None and well_at < known_since))
    return found


def _newest_wrong(since: datetime, tag: str) -> list[_Wrong]:
    """The newest first. State by state, each by the index of states."""
    rows = FlowRun.objects.top_level().newest_first().filter(sort_time__gte=since)
    if tag:
        rows = rows.filter(Exists(FlowRunTag.objects.filter(flow_run=OuterRef("pk"), tag=tag)))
    failed, crashed = (
        FlowRun.objects.filter(pk__in=rows.filter(state_type=state).values("pk")[:READ]) for state in _WRONG
    )
    columns = ("id", "deployment_id", "flow_id", "state_type", "start_time", "expected_start_time", "end_time")
    found = [
        _Wrong(key, deployment, flow, state, started or expected, ended or expected)
        for key, deployment, flow, state, started, expected, ended in failed.union(crashed, all=True).values_list(
            *columns
        )
    ]
    return sorted(found, key=lambda run: (run.at, run.id), reverse=True)


def _known_since(wrong: list[_Wrong]) -> datetime | None:
    """All that went wrong from then on was read; None when all was."""
    of_each = ([run.at for run in wrong if run.state_type == state] for state in _WRONG)
    return max((times[-1] for times in of_each if len(times) >= READ), default=None)


def _last_of_failing(identifiers: list[UUID], since: datetime) -> RunQuerySet | tuple[()]:
    """Those of these runs, each the last of its group, that no success followed; `well_at`: the success before."""
    if not identifiers:
        return ()
    success = Case(
        When(deployment=None, then=_last_success(since, flow=OuterRef("flow"), deployment=None)),
        default=_last_success(since, deployment=OuterRef("deployment")),
    )
    rows = (
        FlowRun.objects.newest_first()
        .filter(pk__in=identifiers)
        .annotate(well_at=Coalesce(success, Value(since)))
        .filter(well_at__lte=F("sort_time"))
        .select_related("flow", "deployment")
        .defer("parameters", "context", "job_variables", "labels", "deployment__parameter_openapi_schema")
    )
    return rows[:MOST_GROUPS]


def _last_success(since: datetime, **of: Any) -> Subquery:
    # By the index of the deployment, or the flow: that of the states would lead through the successes of all others.
    runs = FlowRun.objects.newest_first().filter(sort_time__gte=since, **of).order_by("-sort_time")
    runs = runs.alias(ended_as=Coalesce("state_type", Value(""))).filter(ended_as=StateType.COMPLETED.value)
    return Subquery(runs.values("sort_time")[:1])


def _failing(last: FlowRun, runs: list[_Wrong], *, is_capped: bool) -> Failing:
    # A deployment that was deleted leaves its runs, which then belong to their flow alone.
    if last.deployment is not None:
        name, url = last.deployment.name, address_of("deployment", last.deployment.pk)
    else:
        name, url = last.flow.name, address_of("flow", last.flow_id)
    return Failing(
        key=str(last.deployment_id or last.flow_id),
        name=name,
        url=url,
        first=runs[-1].id,
        since=runs[-1].ended,
        last=last,
        runs=[run.id for run in runs[:MOST_RETRIED]],
        count=len(runs),
        is_capped=is_capped,
    )
