"""Situations to explain: what matters is given, the rest is a due run of a Celery pool with a worker that serves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from deployments.services.why.explanation import Holder
from deployments.services.why.situation import (
    ClaimFact,
    DeploymentFact,
    LimitFact,
    ParentFact,
    PlacesFact,
    PoolFact,
    QueueFact,
    RunFact,
    ScheduleFact,
    ServerFact,
    ServiceFact,
    Situation,
    WorkerFact,
)
from orchestrator.contract.ids import uuid7

NOW = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)


def before(**time: float) -> datetime:
    return NOW - timedelta(**time)


def after(**time: float) -> datetime:
    return NOW + timedelta(**time)


def a_run(state_type: str | None = "SCHEDULED", **facts: Any) -> RunFact:
    names = {"SCHEDULED": "Scheduled", "PENDING": "Pending", "RUNNING": "Running"}
    made = {
        "id": uuid7(),
        "name": "crimson-fox",
        "state_type": state_type,
        "state_name": names.get(state_type or "", (state_type or "").capitalize()),
        "since": before(minutes=2),
        "due": before(minutes=2),
        "expected": before(minutes=2),
        "created": before(minutes=3),
        "deployment_id": uuid7(),
        "queue_name": "default",
    }
    return RunFact(**made | facts)


def a_deployment(**facts: Any) -> DeploymentFact:
    return DeploymentFact(**{"id": uuid7(), "name": "etl/nightly"} | facts)


def a_pool(**facts: Any) -> PoolFact:
    return PoolFact(**{"id": uuid7(), "name": "cluster"} | facts)


def a_queue(**facts: Any) -> QueueFact:
    return QueueFact(**{"id": uuid7(), "name": "default", "is_default": True} | facts)


def a_worker(**facts: Any) -> WorkerFact:
    return WorkerFact(**{"name": "w-1", "online": True, "last_heartbeat": before(seconds=5)} | facts)


def a_holder(name: str = "amber-owl", **facts: Any) -> Holder:
    made = {"kind": "flow-run", "name": name, "id": uuid7(), "state_name": "Running", "since": before(minutes=28)}
    return Holder(**made | facts)


def full(limit: int, **facts: Any) -> PlacesFact:
    return PlacesFact(limit, limit, tuple(a_holder(f"run-{number}") for number in range(limit)), **facts)


def a_limit(**facts: Any) -> LimitFact:
    return LimitFact(**{"id": uuid7(), "name": "database", "limit": 1, "shared": True} | facts)


def a_claim(**facts: Any) -> ClaimFact:
    made = {
        "attempt": 1,
        "worker_name": "w-1",
        "claimed_at": before(seconds=20),
        "lease_expires_at": after(seconds=10),
    }
    return ClaimFact(**made | facts)


def a_server(**overdue_seconds: float) -> ServerFact:
    """Services of these names, each overdue by so much; up for a day."""
    services = {
        name: ServiceFact(name, last_finished_at=before(seconds=seconds + 1), overdue_seconds=seconds)
        for name, seconds in overdue_seconds.items()
    }
    return ServerFact(up_since=before(days=1), services=services)


def a_situation(run: RunFact | None = None, **facts: Any) -> Situation:
    made = {
        "deployment": a_deployment(),
        "pool": a_pool(),
        "queue": a_queue(),
        "workers": (a_worker(),),
        "server": a_server(dispatcher=0, sweeper=0, scheduler=0),
    }
    return Situation(NOW, run or a_run(), **made | facts)


__all__ = [
    "NOW",
    "ParentFact",
    "PlacesFact",
    "ScheduleFact",
    "a_claim",
    "a_deployment",
    "a_holder",
    "a_limit",
    "a_pool",
    "a_queue",
    "a_run",
    "a_server",
    "a_situation",
    "a_worker",
    "after",
    "before",
    "full",
    "replace",
]
