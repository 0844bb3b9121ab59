from django.db import models

from runs.models.base import Record


class Flow(Record):
    """A flow function, known by its name."""

    name = models.TextField(unique=True)
    tags = models.JSONField(default=list, blank=True)
    labels = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-created"], name="flow_created")]

    def __str__(self) -> str:
        return self.name
