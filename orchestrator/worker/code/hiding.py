"""Secrets, kept out of everything that is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit, urlunsplit

_LEAST_LENGTH = 4  # shorter ones would make holes in ordinary words
_LOGIN_IN_URL = re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s@'\"]+@")


def hidden(text: str, secrets: Iterable[str | None]) -> str:
    """The text without the secrets, as they are or as they stand in an URL, and without logins in URLs."""
    known = {secret for secret in secrets if secret and len(secret) >= _LEAST_LENGTH}
    for secret in sorted(known | {quote(secret, safe="") for secret in known}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return _LOGIN_IN_URL.sub(r"\1", text)


def without_login(url: str) -> str:
    """The URL without user, password, query and fragment: what may be shown and stored."""
    parts = urlsplit(url)
    if not parts.scheme or not parts.netloc:
        return url
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
