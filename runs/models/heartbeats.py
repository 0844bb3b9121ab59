"""Signs of life of running flows, and what the services that look for the dead remember."""

from __future__ import annotations

from datetime import datetime

from django.db import models


class HeartbeatQuerySet(models.QuerySet):
    def silent(self, at: datetime) -> HeartbeatQuerySet:
        """Those that should have been heard of by now, the longest overdue first."""
        return self.filter(silent_after__lt=at).order_by("silent_after")


class Heartbeat(models.Model):
    """When the process that executes a run was last heard of: one row for each living run that sends signs of life.

    A sign of life writes this row alone, never the run's. The row goes when the run has ended. Of a run whose process
    was taken for dead it stays for a while, so that the process is refused if it comes back.
    """

    flow_run = models.OneToOneField(
        "runs.FlowRun", primary_key=True, on_delete=models.CASCADE, related_name="heartbeat"
    )
    last_at = models.DateTimeField(help_text="By the clock of the server.")
    # How often it is sent: told by the sender, or seen when two pauses in a row were the same. None: not known.
    interval_seconds = models.FloatField(null=True, blank=True)
    pause_seconds = models.FloatField(null=True, blank=True, help_text="Between the last two.")
    silent_after = models.DateTimeField(db_index=True, help_text="Without another one, the process is dead then.")
    host = models.TextField(null=True, blank=True)
    process_id = models.PositiveBigIntegerField(null=True, blank=True)
    buried_state_id = models.UUIDField(
        null=True, blank=True, help_text="The state that was written when the process was taken for dead."
    )

    objects = HeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return f"last at {self.last_at}"

    @property
    def sender(self) -> str:
        """` (process 12 on host.example)`, as far as it is known."""
        known = [f"process {self.process_id}" if self.process_id else "", f"on {self.host}" if self.host else ""]
        text = " ".join(part for part in known if part)
        return f" ({text})" if text else ""


class Rescue(models.Model):
    """How often a run that was taken and never began was scheduled anew, since it last ran."""

    flow_run = models.OneToOneField("runs.FlowRun", primary_key=True, on_delete=models.CASCADE, related_name="rescue")
    attempts = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.attempts} times, last at {self.last_at}"
