"""A concurrency limit as pages show it: what it is for, how full it is, and who waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deployments.models import Deployment
from deployments.pages.pool_rows import Look
from orchestrator.pages.charts.meter import Meter, meter
from runs.models import ConcurrencyLimit, ConcurrencySlot
from runs.models.concurrency_limits import DEPLOYMENT_PREFIX, TAG_PREFIX
from runs.orchestration.waiting import longest_wait
from runs.services.concurrency_waits import waiting_counts

KINDS = (("", "All"), ("global", "Global"), ("tag", "Tags"), ("deployment", "Deployments"))


@dataclass(frozen=True, slots=True)
class LimitRow:
    """`title` is the tag, the deployment's name, or the limit's own."""

    limit: ConcurrencyLimit
    kind: str
    title: str
    deployment_id: UUID | None
    in_use: int
    counted: int  # of those, the slots that nobody holds by name
    waiting: int
    refused: int
    look: Look
    bar: Meter


def rows_of_limits(limits: Sequence[ConcurrencyLimit], at: datetime) -> list[LimitRow]:
    """Of these, in their order. At most five queries."""
    if not limits:
        return []
    leased = ConcurrencySlot.objects.in_use([limit.pk for limit in limits], at)
    waiting = waiting_counts(limits, at)
    owners = {limit.pk: owner for limit in limits if (owner := owner_of(limit)) is not None}
    names = dict(Deployment.objects.filter(pk__in=owners.values()).values_list("pk", "name")) if owners else {}
    return [
        _row(limit, leased.get(limit.pk, 0), waiting.get(limit.pk, 0), owners.get(limit.pk), names, at)
        for limit in limits
    ]


def owner_of(limit: ConcurrencyLimit) -> UUID | None:
    """The deployment that the limit belongs to alone; None for others."""
    if not limit.name.startswith(DEPLOYMENT_PREFIX):
        return None
    try:
        return UUID(limit.name.removeprefix(DEPLOYMENT_PREFIX))
    except ValueError:
        return None


def kind_of(limit: ConcurrencyLimit) -> str:
    if limit.name.startswith(TAG_PREFIX):
        return "tag"
    return "global" if owner_of(limit) is None else "deployment"


def _row(
    limit: ConcurrencyLimit,
    leased: int,
    waiting: int,
    owner: UUID | None,
    names: dict[UUID, str],
    at: datetime,
) -> LimitRow:
    counted = limit.counted(at)
    in_use = counted + leased
    return LimitRow(
        limit=limit,
        kind=kind_of(limit),
        title=_title(limit, owner, names),
        deployment_id=owner if owner in names else None,
        in_use=in_use,
        counted=counted,
        waiting=waiting,
        refused=limit.denied(at, longest_wait(limit.tag)),
        look=_look(limit, in_use),
        bar=meter(in_use, limit.limit, sentence=f"{in_use} of {limit.limit} slots in use"),
    )


def _title(limit: ConcurrencyLimit, owner: UUID | None, names: dict[UUID, str]) -> str:
    if limit.tag is not None:
        return limit.tag
    return limit.name if owner is None else names.get(owner, "a deployment that is gone")


def _look(limit: ConcurrencyLimit, in_use: int) -> Look:
    if not limit.active:
        return Look("cancelled", "stop", "Off", "It holds nobody up.")
    if limit.limit <= 0:
        return Look("late", "alarm", "Closed", "A limit of 0 lets nobody in.")
    if in_use >= limit.limit:
        return Look("late", "alarm", "Full", "Every slot is in use.")
    return Look("running", "play", "In use") if in_use else Look("completed", "check", "Free")
