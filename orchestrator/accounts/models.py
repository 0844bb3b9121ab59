from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q

from orchestrator.contract.ids import uuid7

PREFIX = "orc_"  # lets secret scanners recognise a key


class User(AbstractUser):
    """A person who logs in. Ours from the first migration, because a user model cannot be exchanged later."""


class ApiKeyQuerySet(models.QuerySet):
    def usable(self, at: datetime) -> ApiKeyQuerySet:
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=at))


class ApiKey(models.Model):
    """A key that a program sends as `Authorization: Bearer`. Only its digest is stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="api_keys"
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return self.name


class CsrfTokenQuerySet(models.QuerySet):
    def live(self, at: datetime) -> CsrfTokenQuerySet:
        return self.filter(expires_at__gt=at)


class CsrfToken(models.Model):
    """What a client sends with unsafe requests. Only its digest is stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)
    client = models.CharField(max_length=255, unique=True)
    digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    objects = CsrfTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "CSRF token"

    def __str__(self) -> str:
        return self.client


def make_key() -> str:
    """A new key; whoever makes it shows it once and stores its digest."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(key: str) -> str:
    """SHA-256 in hex. A fast hash is enough: a key carries 256 random bits, so it cannot be guessed."""
    return hashlib.sha256(key.encode()).hexdigest()
