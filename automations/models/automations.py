from __future__ import annotations

from django.db import models

from runs.models.base import Record


class Automation(Record):
    """When the trigger fires, the actions happen."""

    name = models.TextField()
    description = models.TextField(default="", blank=True)
    enabled = models.BooleanField(default=True)
    tags = models.JSONField(default=list, blank=True)
    trigger = models.JSONField()
    actions = models.JSONField(default=list)
    actions_on_trigger = models.JSONField(default=list)
    actions_on_resolve = models.JSONField(default=list)

    class Meta:
        indexes = [
            models.Index(fields=["name"], name="automation_name"),
            models.Index(fields=["-created"], name="automation_created"),
        ]

    def __str__(self) -> str:
        return self.name
