from __future__ import annotations

from django.db import models

from runs.models.base import Record


class KnownError(Record):
    """Somebody looked into the errors of one kind, and left word for the next who meets them."""

    fingerprint = models.CharField(max_length=16, unique=True, help_text="As failed runs carry it.")
    note = models.TextField(blank=True)
    issue_url = models.TextField(blank=True, help_text="Where it is worked on.")
    marked_by = models.TextField(blank=True, help_text="The name of whoever wrote it last; empty on an open server.")

    def __str__(self) -> str:
        return self.fingerprint
