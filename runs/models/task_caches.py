from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from django.db import models
from django.db.models import Q


def digest_of(cache_key: str) -> str:
    """Keys may be longer than an index takes."""
    return sha256(cache_key.encode()).hexdigest()


class CachedStateQuerySet(models.QuerySet):
    def under(self, cache_key: str, at: datetime) -> CachedStateQuerySet:
        """Those that may be used under this key, the newest first."""
        usable = Q(expires_at=None) | Q(expires_at__gt=at)
        return self.filter(usable, key_digest=digest_of(cache_key)).order_by("-id")


class CachedState(models.Model):
    """A completed state of a task run that others with the same cache key take over."""

    key_digest = models.CharField(max_length=64)
    state = models.ForeignKey("runs.TaskRunState", on_delete=models.CASCADE, related_name="cached_as")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it does not expire.")

    objects = CachedStateQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["key_digest", "-id"], name="cached_state_key")]

    def __str__(self) -> str:
        return f"{self.state_id} as {self.key_digest[:8]}"
