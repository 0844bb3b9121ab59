"""`{% load admin_index %}`: what the first page of the admin says of the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.apps import apps

from orchestrator.periodic.status import Condition, ServiceStatus, service_statuses
from orchestrator.web.row_estimates import SMALL, estimate_rows

register = template.Library()

TONES = {
    Condition.OK: "completed",
    Condition.NEW: "scheduled",
    Condition.FAILING: "failed",
    Condition.OVERDUE: "late",
    Condition.OFF: "cancelled",
}


@dataclass(frozen=True, slots=True)
class Health:
    """A service with the colour of its condition."""

    status: ServiceStatus
    tone: str


@register.simple_tag
def service_health() -> list[Health]:
    """Two queries. What needs attention comes first."""
    trouble = (Condition.FAILING, Condition.OVERDUE)
    statuses = sorted(service_statuses(), key=lambda status: (status.condition not in trouble, status.name))
    return [Health(status, TONES[status.condition]) for status in statuses]


@register.simple_tag
def row_estimates(app_list: list[dict[str, Any]]) -> dict[str, str]:
    """By the name of the model: "120", or "about 1,200,000"."""
    models = [entry["model"] for app in app_list for entry in app["models"]]
    found = estimate_rows([model for model in models if model in set(apps.get_models())])
    return {model._meta.label: f"about {rows:,}" if rows >= SMALL else f"{rows:,}" for model, rows in found.items()}


@register.filter
def rows_of(estimates: dict[str, str], model: Any) -> str:
    return estimates.get(model._meta.label, "")
