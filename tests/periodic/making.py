"""Services for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.periodic.models import ServiceRecord
from orchestrator.periodic.registry import Service


def a_service(work: Callable[[], int] = lambda: 0, *, name: str = "sample", **facts: Any) -> Service:
    return Service(
        name=name,
        description="Does something.",
        every_seconds=facts.get("every_seconds", 5.0),
        most_seconds=facts.get("most_seconds", 5.0),
        work=work,
        has_work=facts.get("has_work"),
    )


def record_of(service: Service) -> ServiceRecord:
    return ServiceRecord.objects.get(name=service.name)
