"""Tokens against forged requests, for clients that fetch and send them by themselves. They live in the database, so
that every web process knows them; each client has one at a time."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta

from django.conf import settings

from orchestrator.accounts.models import CsrfToken, digest_of
from orchestrator.contract.times import now

BATCH = 1_000  # expired tokens that go with one call


def issue_csrf_token(*, client: str) -> tuple[CsrfToken, str]:
    """A new token and its text, in place of the one that the client had; what has expired is forgotten."""
    text = secrets.token_hex(32)
    expires_at = now() + timedelta(seconds=settings.CSRF_TOKEN_SECONDS)
    news = {"digest": digest_of(text), "expires_at": expires_at}
    token, _ = CsrfToken.objects.update_or_create(client=client, defaults=news)
    forget_expired_tokens()
    return token, text


def is_valid_csrf_token(*, client: str, text: str) -> bool:
    digest = CsrfToken.objects.live(now()).filter(client=client).values_list("digest", flat=True).first()
    return digest is not None and hmac.compare_digest(digest, digest_of(text))


def forget_expired_tokens() -> int:
    """Returns how many went."""
    expired = CsrfToken.objects.filter(expires_at__lte=now()).values("pk")[:BATCH]
    count, _ = CsrfToken.objects.filter(pk__in=list(expired.values_list("pk", flat=True))).delete()
    return count
