from django.db import models

from runs.models.base import Record


class SavedSearch(Record):
    """A search that somebody gave a name, to be asked again."""

    name = models.TextField(unique=True)
    filters = models.JSONField(default=list, blank=True)

    def __str__(self) -> str:
        return self.name
