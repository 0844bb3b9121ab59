"""What the navigation says beside its entries: what runs, and what should be looked at."""

from __future__ import annotations

from datetime import timedelta

from orchestrator.contract.times import now
from orchestrator.dashboard.attention.failures import read_failing
from orchestrator.pages.navigation import Badge, register_badge
from orchestrator.periodic.status import Condition, service_statuses
from runs.models import FlowRun

MOST = 1_000  # running runs that are counted
FAILING_SINCE = timedelta(days=1)


def running() -> Badge | None:
    number = len(FlowRun.objects.top_level().running().order_by().values_list("pk")[: MOST + 1])
    if not number:
        return None
    words = f"{min(number, MOST)}{'+' if number > MOST else ''} live"
    return Badge(words, f"{words.removesuffix(' live')} running", is_problem=False)


def failing() -> Badge | None:
    number = sum(one.last.deployment is not None for one in read_failing(now() - FAILING_SINCE))
    return Badge(str(number), f"{number} failing") if number else None


def troubled_services() -> Badge | None:
    troubled = (Condition.FAILING, Condition.OVERDUE)
    number = sum(one.condition in troubled for one in service_statuses())
    return Badge(str(number), f"{number} failing or overdue") if number else None


def register() -> None:
    register_badge("runs", running)
    register_badge("deployments", failing)
    register_badge("services", troubled_services)
