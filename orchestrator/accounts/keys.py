"""API keys are made here, and shown once."""

from __future__ import annotations

from datetime import datetime

from orchestrator.accounts.models import ApiKey, User, digest_of, make_key


def create_api_key(*, name: str, user: User | None = None, expires_at: datetime | None = None) -> tuple[ApiKey, str]:
    """A key and its text, which is stored nowhere. `user` None: a program's own; `expires_at` None: it never ends."""
    text = make_key()
    return ApiKey.objects.create(name=name, user=user, expires_at=expires_at, digest=digest_of(text)), text
