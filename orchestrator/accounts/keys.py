"""API keys are made here, and shown once; and they are revoked here."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from orchestrator.accounts.models import ApiKey, User, digest_of, make_key
from orchestrator.contract.times import now


class ApiKeyNotFound(Exception):
    """No usable key has this name or identifier."""


def create_api_key(*, name: str, user: User | None = None, expires_at: datetime | None = None) -> tuple[ApiKey, str]:
    """A key and its text, which is stored nowhere. `user` None: a program's own; `expires_at` None: it never ends."""
    text = make_key()
    return ApiKey.objects.create(name=name, user=user, expires_at=expires_at, digest=digest_of(text)), text


def revoke_api_keys(*, name_or_id: str) -> int:
    """From now on the key with this identifier, or every key of this name, opens nothing. Returns how many they were.

    Raises ApiKeyNotFound.
    """
    try:
        keys = ApiKey.objects.filter(pk=UUID(name_or_id))
    except ValueError:
        keys = ApiKey.objects.filter(name=name_or_id)
    count = keys.filter(revoked_at=None).update(revoked_at=now())
    if not count:
        raise ApiKeyNotFound(f"No key that could be revoked has the name or identifier {name_or_id!r}.")
    return count
