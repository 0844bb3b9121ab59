"""Which deployments a list shows, as its address says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from deployments.models import Deployment, Worker
from deployments.models.work_pools import CELERY
from deployments.models.work_queues import POLLED_WITHIN
from orchestrator.rest.lookups import HasTag

STATES = {"ready": "Ready", "not-ready": "Not ready", "paused": "Paused"}


@dataclass(frozen=True, slots=True)
class DeploymentFilter:
    text: str = ""  # part of the name, or of the flow's
    flow: str = ""
    tag: str = ""
    pool: str = ""
    state: str = ""
    unknown: tuple[str, ...] = ()  # what the address asks for and nobody understands

    @classmethod
    def from_query(cls, query: QueryDict) -> DeploymentFilter:
        state = query.get("state", "").strip()
        unknown = (f"state {state[:40]}",) if state and state not in STATES else ()
        text, flow, tag, pool = (query.get(name, "").strip()[:200] for name in ("q", "flow", "tag", "pool"))
        return cls(text, flow, tag, pool, state if state in STATES else "", unknown)

    @property
    def is_narrowed(self) -> bool:
        return any((self.text, self.flow, self.tag, self.pool, self.state))

    def narrow(self, rows: QuerySet[Deployment], at: datetime) -> QuerySet[Deployment]:
        if self.text:
            rows = rows.filter(Q(name__icontains=self.text) | Q(flow__name__icontains=self.text))
        if self.flow:
            rows = rows.filter(flow__name=self.flow)
        if self.tag:
            rows = rows.filter(Q(HasTag("tags", self.tag)))
        if self.pool:
            rows = rows.filter(work_queue__work_pool__name=self.pool)
        if self.state == "paused":
            return rows.filter(paused=True)
        if self.state:
            rows = rows.filter(paused=False)
            return rows.filter(_ready(at)) if self.state == "ready" else rows.exclude(_ready(at))
        return rows


def _ready(at: datetime) -> Q:
    """Somebody asked for its work lately, and would take it: as `health` tells of each, as far as a query can."""
    online = Worker.objects.alive(at).filter(work_pool=OuterRef("work_queue__work_pool"))
    polled = ~Q(work_queue__work_pool__type=CELERY) & Q(work_queue__last_polled__gte=at - POLLED_WITHIN)
    place_is_open = Q(work_queue__is_paused=False, work_queue__work_pool__is_paused=False) & (Exists(online) | polled)
    return Q(status=Deployment.Status.READY) & (Q(work_queue=None) | place_is_open)
