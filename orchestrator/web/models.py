from __future__ import annotations

from datetime import datetime

from django.db import models

from orchestrator.contract.ids import uuid7


class WebPulseQuerySet(models.QuerySet):
    def seen_since(self, moment: datetime) -> WebPulseQuerySet:
        return self.filter(last_seen__gte=moment)


class WebPulse(models.Model):
    """One running web process: since when it has answered without interruption, and when it last said so."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    started_at = models.DateTimeField()
    last_seen = models.DateTimeField(db_index=True)

    objects = WebPulseQuerySet.as_manager()

    def __str__(self) -> str:
        return f"since {self.started_at:%Y-%m-%d %H:%M:%S}"
