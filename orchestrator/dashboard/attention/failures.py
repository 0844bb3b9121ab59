"""Runs that went wrong and were not made up for: none of their deployment, or flow, completed since. Two queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Cast, Coalesce

from orchestrator.contract.states import StateType
from orchestrator.pages.addresses import address_of
from orchestrator.statements.reading import PreparedRows
from runs.models import FlowRun, FlowRunTag
from runs.models.run import RunQuerySet
from runs.services.failures.tracebacks import place_in_brief

READ = 1_000  # failed runs, and as many crashed ones, the newest
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
        frame = self.last.error_frame
        return f"{words} · {place_in_brief(frame)}" if frame else words[:200]


class _Wrong(NamedTuple):
    """A run that went wrong; `at` is its place in the order of runs. There are many, so little is made of each."""

    key: str  # its identifier, as the database has it
    owner: str  # the same of its deployment, or of its flow
    state_type: str
    at: datetime
    ended: str

    @property
    def id(self) -> UUID:
        return UUID(self.key)

    @property
    def ended_at(self) -> datetime:
        moment = datetime.fromisoformat(self.ended)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_failing(since: datetime, tag: str = "") -> list[Failing]:
    """The groups that went wrong last, first."""
    wrong = _newest_wrong(since, tag)
    of_owners: dict[str, list[_Wrong]] = defaultdict(list)
    for run in wrong:
        of_owners[run.owner].append(run)
    groups = {runs[0].id: runs for runs in of_owners.values()}
    known_since = _known_since(wrong)
    found = []
    for last in _last_of_failing(groups, since):
        well_at: datetime = last.well_at
        runs = [run for run in groups[last.pk] if run.at >= well_at]
        found.append(_failing(last, runs, is_capped=known_since is not None and well_at < known_since))
    return found


def _newest_wrong(since: datetime, tag: str) -> list[_Wrong]:
    """The newest first."""
    # Of a tag nothing is prepared: there may be any number of them.
    rows = _wrong_since(since, READ, tag) if tag else _prepared_wrong(READ).all(since=since)
    return sorted((_Wrong(**row) for row in rows), key=lambda run: (run.at, run.key), reverse=True)


def _wrong_since(since: datetime, most: int, tag: str = "") -> QuerySet[Any, Any]:
    """State by state, each by the index of states."""
    rows = FlowRun.objects.top_level().newest_first().filter(sort_time__gte=since)
    if tag:
        rows = rows.filter(Exists(FlowRunTag.objects.filter(flow_run=OuterRef("pk"), tag=tag)))
    failed, crashed = (_columns(rows.filter(state_type=state).values("pk")[:most]) for state in _WRONG)
    return failed.union(crashed, all=True)


@lru_cache
def _prepared_wrong(most: int) -> PreparedRows:
    return PreparedRows(partial(_wrong_since, most=most), moments=["since"])


def _columns(keys: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """Of the runs of these keys what `_Wrong` has."""
    key, owner = Cast("pk", TextField()), Cast(Coalesce("deployment", "flow"), TextField())
    place = Coalesce("start_time", "expected_start_time")
    ended = Cast(Coalesce("end_time", "expected_start_time"), TextField())
    rows = FlowRun.objects.filter(pk__in=keys).order_by()
    return rows.values("state_type", key=key, owner=owner, at=place, ended=ended)


def _known_since(wrong: list[_Wrong]) -> datetime | None:
    """All that went wrong from then on was read; None when all was."""
    of_each = ([run.at for run in wrong if run.state_type == state] for state in _WRONG)
    return max((times[-1] for times in of_each if len(times) >= READ), default=None)


def _last_of_failing(identifiers: Iterable[UUID], since: datetime) -> RunQuerySet | tuple[()]:
    """Those of these runs, each the last of its group, that no success followed; `well_at`: the success before."""
    found = list(identifiers)
    if not found:
        return ()
    success = Case(
        When(deployment=None, then=_last_success(since, flow=OuterRef("flow"), deployment=None)),
        default=_last_success(since, deployment=OuterRef("deployment")),
    )
    rows = (
        FlowRun.objects.newest_first()
        .filter(pk__in=found)
        .annotate(well_at=Coalesce(success, Value(since)))
        .filter(well_at__lte=F("sort_time"))
        .select_related("flow", "deployment")
        .defer("parameters", "context", "job_variables", "labels", "deployment__parameter_openapi_schema")
    )
    return rows[:MOST_GROUPS]


def _last_success(since: datetime, **of: Any) -> Subquery:
    # By the index of the deployment, or the flow: that of the states would lead through the successes of all others.
    # It is no plain comparison, which a database takes for so rare that it reads all runs before it sorts them.
    runs = FlowRun.objects.newest_first().filter(sort_time__gte=since, **of).order_by("-sort_time")
    is_success = Case(When(state_type=StateType.COMPLETED, then=Value(True)), default=Value(False))
    return Subquery(runs.alias(is_success=is_success).filter(is_success=True).values("sort_time")[:1])


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
        since=runs[-1].ended_at,
        last=last,
        runs=[run.id for run in runs[:MOST_RETRIED]],
        count=len(runs),
        is_capped=is_capped,
    )
