"""Identifiers as addresses and filters name them."""

from __future__ import annotations

from uuid import UUID


def whole_identifier(text: str | None) -> UUID | None:
    """None where the text is no whole identifier."""
    try:
        return UUID((text or "").strip())
    except ValueError:
        return None
