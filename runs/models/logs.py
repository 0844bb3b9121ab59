from __future__ import annotations

import logging
from uuid import UUID

from django.db import models

from orchestrator.contract.ids import uuid7


class LogQuerySet(models.QuerySet):
    def of_flow_run(self, flow_run_id: UUID) -> LogQuerySet:
        """Oldest first; lines of one moment keep the order in which they were written."""
        return self.filter(flow_run_id=flow_run_id).order_by("timestamp", "id")


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
        ]

    def __str__(self) -> str:
        return self.message

    @property
    def level_name(self) -> str:
        return logging.getLevelName(self.level)
