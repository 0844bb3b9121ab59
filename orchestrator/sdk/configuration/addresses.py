"""Addresses of the API, as people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from urllib.parse import SplitResult


def split_address(url: str) -> SplitResult:
    """The parts of an address. Raises ValueError, which says what it must look like, unless it is one of HTTP."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # no number, or none of a port
        usable = False
    if not usable:
        raise ValueError("it must look like http://127.0.0.1:4200/api")
    return parts
