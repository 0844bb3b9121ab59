from __future__ import annotations

from django.db import models

from orchestrator.store.models.base import Record


class Configuration(Record):
    """What is set for the whole server at run time, by its key."""

    key = models.CharField(max_length=100, unique=True)
    value = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "configuration"

    def __str__(self) -> str:
        return self.key
