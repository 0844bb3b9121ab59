from __future__ import annotations

import logging
from uuid import UUID

from django.db import models
from django.db.models import Q

from orchestrator.contract.ids import uuid7

WARNING = 30


class LogQuerySet(models.QuerySet):
    def of_flow_run(self, flow_run_id: UUID) -> LogQuerySet:
        """Oldest first; lines of one moment keep the order in which they were written."""
        return self.filter(flow_run_id=flow_run_id).order_by("timestamp", "id")

    def at_least(self, level: int) -> LogQuerySet:
        """Of a level or worse; warnings and errors by the index that has nothing else."""
        bad = self.filter(level__gte=WARNING) if level > WARNING else self  # the index's own words
        return bad.filter(level__gte=level)


class Log(models.Model):
    """One line that a run wrote. The run need not exist: logs may arrive first, and may outlive it until clean-up."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created = models.DateTimeField(auto_now_add=True)
    name = models.TextField(help_text="The logger's name.")
    level = models.SmallIntegerField(help_text="As in Python: 10 debug, 20 info, 30 warning, 40 error, 50 critical.")
    message = models.TextField()
    timestamp = models.DateTimeField()
    flow_run_id = models.UUIDField(null=True, blank=True)
    task_run_id = models.UUIDField(null=True, blank=True)

    objects = LogQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["flow_run_id", "timestamp", "id"], name="log_flow_run"),
            models.Index(fields=["task_run_id", "timestamp", "id"], name="log_task_run"),
            models.Index(fields=["timestamp", "id"], name="log_time"),
            # Few lines are bad, and they are looked for among a million others.
            models.Index(
                fields=["flow_run_id", "timestamp", "id", "level"],
                name="log_flow_run_bad",
                condition=Q(level__gte=WARNING),
            ),
            models.Index(
                fields=["task_run_id", "timestamp", "id", "level"],
                name="log_task_run_bad",
                condition=Q(level__gte=WARNING),
            ),
        ]

    def __str__(self) -> str:
        return self.message

    @property
    def level_name(self) -> str:
        return logging.getLevelName(self.level)
