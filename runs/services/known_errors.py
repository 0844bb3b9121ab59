"""What people know about errors of one kind."""

from __future__ import annotations

from urllib.parse import urlsplit

from runs.errors import InvalidIssueAddress
from runs.models import KnownError

LONGEST_NOTE = 2_000  # characters
LONGEST_ADDRESS = 1_000


def mark_known(*, fingerprint: str, note: str, issue_url: str = "", by: str = "") -> KnownError:
    """Leave word about errors of this kind, in place of what was said before.

    Raises InvalidIssueAddress when the issue is no address that a browser opens.
    """
    address = issue_url.strip()
    if address and not _can_be_opened(address):
        raise InvalidIssueAddress(address)
    values = {"note": note.strip()[:LONGEST_NOTE], "issue_url": address, "marked_by": by}
    known, _ = KnownError.objects.update_or_create(fingerprint=fingerprint, defaults=values)
    return known


def forget_known(*, fingerprint: str) -> bool:
    """False when nothing was known."""
    deleted, _ = KnownError.objects.filter(fingerprint=fingerprint).delete()
    return bool(deleted)


def _can_be_opened(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and len(address) <= LONGEST_ADDRESS
