"""Reads how the server itself does: since when it is up, and when its services ran."""

from __future__ import annotations

from datetime import datetime

from deployments.services.why.situation import ServerFact, ServiceFact
from orchestrator.periodic.status import PATIENCE, Condition, ServiceStatus, service_statuses
from orchestrator.web.pulse import api_up_since


def read_server(at: datetime) -> ServerFact:
    up_since = api_up_since(at)
    return ServerFact(
        up_since=up_since,
        services={status.name: _service(status, up_since, at) for status in service_statuses(at)},
    )


def _service(status: ServiceStatus, up_since: datetime | None, at: datetime) -> ServiceFact:
    started = status.record.last_started_at
    overdue = 0.0
    if status.condition is Condition.OVERDUE and started is not None:
        overdue = (at - started).total_seconds() - (status.every_seconds or 0.0)
    elif status.condition is Condition.NEW and up_since is not None and at - up_since > PATIENCE:
        overdue = (at - up_since).total_seconds()  # it should have run soon after the start
    return ServiceFact(
        status.name,
        enabled=status.condition is not Condition.OFF,
        last_finished_at=status.record.last_finished_at or started,
        overdue_seconds=max(0.0, overdue),
        last_error=status.record.last_error or None,
    )
