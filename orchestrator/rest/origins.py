"""Which web pages may call: a browser says which site a page comes from, programs do not."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings


def is_foreign(origin: str, host: str) -> bool:
    """Whether a page of `origin` may not call the server that the request names as `host`. Empty: no page calls."""
    if not origin or settings.CORS_ALLOW_ALL_ORIGINS:
        return False
    if origin in settings.CSRF_TRUSTED_ORIGINS or origin in settings.CORS_ALLOWED_ORIGINS:
        return False
    try:
        site = urlsplit(origin).netloc.lower()
    except ValueError:  # no browser's words
        return True
    return site not in (host.lower(), urlsplit(settings.PUBLIC_URL).netloc.lower())
