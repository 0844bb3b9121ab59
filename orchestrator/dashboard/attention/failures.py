"""Runs that went wrong and were not made up for: none of their deployment, or flow, completed since. One query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from orchestrator.contract.states import StateType
from orchestrator.pages.addresses import address_of
from runs.models import FlowRun

READ = 300  # failed runs, the newest
MOST_RETRIED = 25  # runs that one button begins again
MOST_GROUPS = 15


@dataclass(frozen=True, slots=True)
class Failing:
    """`runs` are the newest first, at most those that are retried together; `count` counts all that were read."""

    key: str
    name: str
    url: str
    first: FlowRun
    last: FlowRun
    runs: list[FlowRun]
    count: int
    is_capped: bool

    @property
    def words(self) -> str:
        return f"{self.count}{'+' if self.is_capped else ''} runs"

    @property
    def error_words(self) -> str:
        words = self.last.error_words or ((self.last.state or {}).get("message") or "").partition("\n")[0]
        return f"{words} · {self.last.error_frame}" if self.last.error_frame else words[:200]


def read_failing(since: datetime, tag: str = "") -> list[Failing]:
    completed = FlowRun.objects.newest_first().filter(
        state_type=StateType.COMPLETED, sort_time__gt=OuterRef("sort_time")
    )
    rows = (
        FlowRun.objects.top_level()
        .newest_first()
        .filter(state_type__in=(StateType.FAILED.value, StateType.CRASHED.value), sort_time__gte=since)
        .annotate(
            deployment_is_well=Exists(completed.filter(deployment=OuterRef("deployment"))),
            flow_is_well=Exists(completed.filter(flow=OuterRef("flow"), deployment=None)),
        )
        .filter(Q(deployment=None, flow_is_well=False) | Q(deployment__isnull=False, deployment_is_well=False))
        .select_related("flow", "deployment")
        .defer("parameters", "context", "job_variables", "labels", "deployment__parameter_openapi_schema")
    )
    if tag:
        rows = rows.filter(tag_rows__tag=tag)
    read = list(rows[:READ])
    groups: dict[UUID, list[FlowRun]] = {}
    for run in read:
        groups.setdefault(run.deployment_id or run.flow_id, []).append(run)
    return [_failing(runs, is_capped=len(read) == READ) for runs in list(groups.values())[:MOST_GROUPS]]


def _failing(runs: list[FlowRun], *, is_capped: bool) -> Failing:
    last = runs[0]
    # A deployment that was deleted leaves its runs, which then belong to their flow alone.
    if last.deployment is not None:
        name, url = last.deployment.name, address_of("deployment", last.deployment.pk)
    else:
        name, url = last.flow.name, address_of("flow", last.flow_id)
    return Failing(
        key=str(last.deployment_id or last.flow_id),
        name=name,
        url=url,
        first=runs[-1],
        last=last,
        runs=runs[:MOST_RETRIED],
        count=len(runs),
        is_capped=is_capped,
    )
