"""What flow runs and task runs have in common: a current state and the times that follow from it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models.functions import Coalesce

from orchestrator.contract.states import TERMINAL, State, StateType
from orchestrator.contract.times import now
from runs.models.base import Record

STATE_TYPES = [(type_.value, type_.value.capitalize()) for type_ in StateType]


def seconds_running(state_type: str | None, since: datetime | None, before: float, at: datetime) -> float:
    """Seconds spent running up to `at`: those `before` the present state, and, if it is RUNNING, those `since` it."""
    if state_type != StateType.RUNNING or since is None:
        return before
    return before + max(0.0, (at - since).total_seconds())


def seconds_late(state_type: str | None, expected: datetime | None, began: datetime | None, at: datetime) -> float:
    """Seconds by which a run began, or up to `at` still has not begun, after it was expected to."""
    if expected is None:
        return 0.0
    if began is None:
        if state_type in TERMINAL:
            return 0.0
        began = at
    return max(0.0, (began - expected).total_seconds())


class RunQuerySet(models.QuerySet):
    """Words that apply to every kind of run."""

    def unfinished(self) -> RunQuerySet:
        return self.exclude(state_type__in=[type_.value for type_ in TERMINAL])

    def running(self) -> RunQuerySet:
        return self.filter(state_type=StateType.RUNNING)

    def newest_first(self) -> RunQuerySet:
        """By the start, or by the expected start of a run that has not started."""
        return self._with_sort_time().order_by("-sort_time", "-id")

    def oldest_first(self) -> RunQuerySet:
        return self._with_sort_time().order_by("sort_time", "id")

    def began_before(self, moment: datetime, key: UUID) -> RunQuerySet:
        """Of those in such an order the ones that began before a run of this moment and identifier."""
        return self.filter(models.Q(sort_time__lt=moment) | models.Q(id__lt=key), sort_time__lte=moment)

    def began_after(self, moment: datetime, key: UUID) -> RunQuerySet:
        return self.filter(models.Q(sort_time__gt=moment) | models.Q(id__gt=key), sort_time__gte=moment)

    def _with_sort_time(self) -> RunQuerySet:
        return self.annotate(sort_time=Coalesce("start_time", "expected_start_time"))


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

    # Of a run that failed or crashed, else None. `runs/services/failures` says how they come about.
    error_type = models.TextField(
        null=True, blank=True, help_text="The exception's, or the state's name where none is known."
    )
    error_message = models.TextField(null=True, blank=True, help_text="The first 200 characters.")
    error_frame = models.TextField(
        null=True, blank=True, help_text="The last place in the author's own code: file:line, function."
    )
    error_source = models.TextField(null=True, blank=True, help_text="The line of code there.")
    error_fingerprint = models.CharField(
        max_length=16, null=True, blank=True, help_text="The same for errors of one kind."
    )
    failing_task_run_id = models.UUIDField(null=True, blank=True, help_text="The task run that went wrong first.")
    failure_log_id = models.UUIDField(null=True, blank=True, help_text="The line of the log that tells why.")

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
    def error_words(self) -> str:
        """`KeyError: 'table'`; empty unless the run failed."""
        return ": ".join(part for part in (self.error_type, self.error_message) if part)

    @property
    def is_terminal(self) -> bool:
        return self.state_type in TERMINAL

    def estimated_run_time(self, at: datetime | None = None) -> float:
        """Seconds spent running up to `at` (default: now), the present RUNNING state included."""
        return seconds_running(self.state_type, self.state_timestamp, self.total_run_time, at or now())

    def lateness(self, at: datetime | None = None) -> float:
        """Seconds by which the run began, or still has not begun, after it was expected to."""
        return seconds_late(self.state_type, self.expected_start_time, self.start_time, at or now())

    def policy_with(self, **changes: Any) -> dict[str, Any]:
        return {**self.empirical_policy, **changes}
