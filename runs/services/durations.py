"""How long runs have been running and by how much they are late, worked out by the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Case, F, FloatField, Value, When
from django.db.models.functions import Greatest

from orchestrator.contract.states import TERMINAL, StateType
from orchestrator.rest.lookups import EpochSeconds, at

_TERMINAL = [type_.value for type_ in TERMINAL]


def run_seconds(now: datetime) -> Any:
    """Seconds that a run has spent running up to now, its present RUNNING state included."""
    since = EpochSeconds(at(now)) - EpochSeconds(F("state_timestamp"))
    running = When(state_type=StateType.RUNNING.value, then=F("total_run_time") + Greatest(since, Value(0.0)))
    return Case(running, default=F("total_run_time"), output_field=FloatField())


def lateness_seconds(now: datetime) -> Any:
    """Seconds by which a run began, or still has not begun, after it was expected to."""
    expected = EpochSeconds(F("expected_start_time"))
    return Case(
        When(expected_start_time=None, then=Value(0.0)),
        When(start_time__gt=F("expected_start_time"), then=EpochSeconds(F("start_time")) - expected),
        When(start_time__isnull=False, then=Value(0.0)),
        When(state_type__in=_TERMINAL, then=Value(0.0)),
        When(expected_start_time__lt=now, then=EpochSeconds(at(now)) - expected),
        default=Value(0.0),
        output_field=FloatField(),
    )
