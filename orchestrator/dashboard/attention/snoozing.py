"""Causes that somebody knows about are left out for a while, for that reader alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from orchestrator.dashboard.attention.cause import Cause
from orchestrator.dashboard.models import Snooze

MOST_SNOOZES = 200  # of one reader
SPANS = {"1h": ("1 hour", timedelta(hours=1)), "1d": ("1 day", timedelta(days=1))}


def snooze(*, user_id: int | None, key: str, until: datetime, now: datetime) -> None:
    """Leave a cause out until then. What has run out is forgotten on the way, and of too many what ends first."""
    Snooze.objects.filter(until__lte=now).delete()
    Snooze.objects.update_or_create(user_id=user_id, key=key, defaults={"until": until})  # type: ignore[misc]
    others = Snooze.objects.of(user_id).exclude(key=key).order_by("-until", "-pk")
    Snooze.objects.filter(pk__in=list(others.values_list("pk", flat=True)[MOST_SNOOZES - 1 :])).delete()


def wake_all(*, user_id: int | None) -> int:
    """Show everything again. Returns how many causes were snoozed."""
    return Snooze.objects.of(user_id).delete()[0]


def snoozed(user_id: int | None, now: datetime) -> frozenset[str]:
    """The marks of the causes that are left out. One query."""
    return frozenset(Snooze.objects.of(user_id).lasting(now).values_list("key", flat=True)[:MOST_SNOOZES])


def awake(causes: Iterable[Cause], asleep: Collection[str]) -> tuple[list[Cause], int]:
    """The causes that are shown, and how many are not."""
    causes = list(causes)
    shown = [cause for cause in causes if cause.mark not in asleep]
    return shown, len(causes) - len(shown)
