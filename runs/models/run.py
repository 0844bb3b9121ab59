"""What flow runs and task runs have in common: a current state and the times that follow from it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models.functions import Coalesce

from orchestrator.contract.states import TERMINAL, State, StateType
from orchestrator.contract.times import now
from runs.models.base import Record

STATE_TYPES = [(type_.value, type_.value.capitalize()) for type_ in StateType]


class RunQuerySet(models.QuerySet):
    """Words that apply to every kind of run."""

    def unfinished(self) -> RunQuerySet:
        return self.exclude(state_type__in=[type_.value for type_ in TERMINAL])

    def running(self) -> RunQuerySet:
        return self.filter(state_type=StateType.RUNNING)

    def newest_first(self) -> RunQuerySet:
        """By the start, or by the expected start of a run that has not started."""
        return self.annotate(sort_time=Coalesce("start_time", "expected_start_time")).order_by("-sort_time", "-id")


class Run(Record):
    """A run and, stored beside it so that a list needs no second table, its current state.

    `state` is the current state as the API answers it, or None for a run that has none yet. Only the services in
    `runs/services/transitions.py` and the recorder of task runs write the state columns.
    """

    name = models.TextField()
    tags = models.JSONField(default=list, blank=True)
    labels = models.JSONField(default=dict, blank=True)
    empirical_policy = models.JSONField(default=dict, blank=True)

    state = models.JSONField(null=True, blank=True)
    state_type = models.CharField(max_length=16, null=True, blank=True, choices=STATE_TYPES)
    state_name = models.TextField(null=True, blank=True)
    state_timestamp = models.DateTimeField(null=True, blank=True)

    run_count = models.PositiveIntegerField(default=0)
    expected_start_time = models.DateTimeField(null=True, blank=True)
    next_scheduled_start_time = models.DateTimeField(null=True, blank=True)
    start_time = models.DateTimeField(null=True, blank=True)
    end_time = models.DateTimeField(null=True, blank=True)
    total_run_time = models.FloatField(default=0.0, help_text="Seconds spent in RUNNING states that have ended.")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def state_id(self) -> str | None:
        return self.state["id"] if self.state else None

    @property
    def current_state(self) -> State | None:
        return State.from_wire(self.state) if self.state else None

    @property
    def is_terminal(self) -> bool:
        return self.state_type in TERMINAL

    def estimated_run_time(self, at: datetime | None = None) -> float:
        """Seconds spent running up to `at` (default: now), the present RUNNING state included."""
        if self.state_type != StateType.RUNNING or self.state_timestamp is None:
            return self.total_run_time
        return self.total_run_time + max(0.0, ((at or now()) - self.state_timestamp).total_seconds())

    def lateness(self, at: datetime | None = None) -> float:
        """Seconds by which the run began, or still has not begun, after it was expected to."""
        if self.expected_start_time is None:
            return 0.0
        if self.start_time is not None:
            began = self.start_time
        elif self.is_terminal:
            return 0.0
        else:
            began = at or now()
        return max(timedelta(), began - self.expected_start_time).total_seconds()

    def policy_with(self, **changes: Any) -> dict[str, Any]:
        return {**self.empirical_policy, **changes}
