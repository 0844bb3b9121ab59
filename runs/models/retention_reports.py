"""What was deleted because it was kept no longer."""

from __future__ import annotations

from django.db import models


class RetentionReport(models.Model):
    """One round of retention that deleted something. Only the newest are kept."""

    at = models.DateTimeField(db_index=True)
    duration_seconds = models.FloatField()
    counts = models.JSONField(help_text="How many rows of each kind were deleted.")

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        """`500 events, 20 flow runs`."""
        return ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in self.counts.items())
