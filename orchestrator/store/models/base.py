"""What every row of this room has in common."""

from django.db import models
from django.utils import timezone

from orchestrator.contract.ids import uuid7


class Record(models.Model):
    """A row with an identifier that sorts by creation, and the two times that every API answer carries."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
