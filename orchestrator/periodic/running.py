"""One run of a service: it takes the lease, works, and tells how it went."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import uuid4

from django.db.models import F

from orchestrator.contract.times import now
from orchestrator.periodic.models import MOST_ERROR, ServiceRecord
from orchestrator.periodic.registry import Service
from orchestrator.statements.batches import asking_between_batches

logger = logging.getLogger(__name__)

_HERE = f"{socket.gethostname()[:100]}:"


@dataclass(frozen=True, slots=True)
class ServiceRun:
    """How a run of a service went."""

    count: int  # rows that it touched
    duration_seconds: float
    error: str = ""


def run_service(service: Service, *, due_at: datetime | None = None) -> ServiceRun | None:
    """Run a service unless it is being run, or was begun since it was due; then None. Its errors are recorded.

    `due_at` is the moment for which beat started it; None means that it was asked for now. At most one process at a
    time gets past the first statement.
    """
    lease = _take(service, due_at)
    if lease is None or not lease.renew():  # taking it may have waited for others for longer than it lasts
        return None
    began = monotonic()
    with _given_back(lease):
        try:
            with asking_between_batches(lease.renew):
                count = int(service() or 0)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the other services go on
            return _failed(lease, monotonic() - began, error)
        return _succeeded(lease, monotonic() - began, count)


@dataclass(slots=True)
class _Lease:
    service: Service
    holder: str
    renewed: float
    held: bool = True

    def renew(self) -> bool:
        """Whether the work may go on. Writes only when a third of the lease has gone by."""
        if monotonic() - self.renewed < self.service.lease_seconds / 3:
            return self.held
        self.renewed = monotonic()
        self.held = bool(self.record().update(held_until=_end_of_lease(self.service)))
        return self.held

    def record(self) -> Any:
        return ServiceRecord.objects.filter(name=self.service.name).held_by(self.holder)


def _take(service: Service, due_at: datetime | None) -> _Lease | None:
    at, asked = now(), monotonic()
    holder = f"{_HERE}{os.getpid()}:{uuid4().hex[:12]}"
    free = ServiceRecord.objects.filter(name=service.name).free(at)
    if due_at is not None:
        free = free.not_served(due_at)
    values = {
        "holder": holder,
        "held_until": _end_of_lease(service),
        "last_started_at": at,
        "served_until": max(at, due_at or at),
        "last_lag_seconds": max(0.0, (at - due_at).total_seconds()) if due_at else 0.0,
    }
    taken = free.update(**values)
    if not taken and not ServiceRecord.objects.filter(name=service.name).exists():
        ServiceRecord.objects.get_or_create(name=service.name, defaults={"default_seconds": service.every_seconds})
        taken = free.update(**values)
    return _Lease(service, holder, renewed=asked) if taken else None


def _end_of_lease(service: Service) -> datetime:
    return now() + timedelta(seconds=service.lease_seconds)


@contextmanager
def _given_back(lease: _Lease) -> Iterator[None]:
    """Whoever is told to stop in the middle leaves the service to others."""
    try:
        yield
    except BaseException:
        lease.record().update(holder="", held_until=None)
        raise


def _succeeded(lease: _Lease, seconds: float, count: int) -> ServiceRun:
    lease.record().update(
        **_ended(seconds),
        last_count=count,
        total_count=F("total_count") + count,
        last_error="",
        failures_in_a_row=0,
    )
    return ServiceRun(count, seconds)


def _failed(lease: _Lease, seconds: float, error: Exception) -> ServiceRun:
    text = f"{type(error).__name__}: {error}"[:MOST_ERROR]
    before = lease.record().values_list("last_error", flat=True).first()
    lease.record().update(
        **_ended(seconds), last_count=0, last_error=text, failures_in_a_row=F("failures_in_a_row") + 1
    )
    if before != text:  # a service that fails at each tick says so once
        logger.error("The service %s failed: %s", lease.service.name, text, exc_info=error)
    return ServiceRun(0, seconds, text)


def _ended(seconds: float) -> dict[str, Any]:
    return {"last_finished_at": now(), "last_duration_seconds": seconds, "holder": "", "held_until": None}
