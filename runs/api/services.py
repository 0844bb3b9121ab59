"""The services that run by themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from rest_framework.request import Request

from orchestrator.periodic.status import as_answer, service_statuses
from orchestrator.rest.views import ApiView, Shape, answers


class Service(Shape):
    """Durations in seconds. What is about its last run is null before the first."""

    name: str
    description: str
    schedule: str
    every_seconds: float | None
    enabled: bool
    condition: Literal["ok", "new", "failing", "overdue", "off"]
    running: bool
    last_started_at: datetime | None
    last_finished_at: datetime | None
    last_duration_seconds: float | None
    last_lag_seconds: float | None
    last_count: int | None
    total_count: int
    last_error: str | None
    failures_in_a_row: int


class Services(ApiView):
    @answers(list[Service])
    def get(self, request: Request) -> list[dict[str, Any]]:
        """Every service with how its last run went, by name."""
        return [dict(as_answer(status)) for status in service_statuses()]
