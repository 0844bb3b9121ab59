from __future__ import annotations

from django.db import models

from orchestrator.store.models.base import Record


class Variable(Record):
    """A named JSON value that flows read."""

    name = models.CharField(max_length=255, unique=True)
    value = models.JSONField(null=True, blank=True)
    tags = models.JSONField(default=list, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["-created"], name="variable_created"),
            models.Index(fields=["-updated"], name="variable_updated"),
        ]

    def __str__(self) -> str:
        return self.name
