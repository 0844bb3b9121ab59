"""A logo for every block type, made of two letters: pages fetch nothing from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

_TONES = ("completed", "cached", "running", "pending", "scheduled", "late", "paused", "failed")


@dataclass(frozen=True, slots=True)
class Letters:
    text: str
    tone: str


def letters_of(name: str) -> Letters:
    """The same for the same name, on every page."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalnum()]
    text = "".join(word[0] for word in words[:2]) if len(words) > 1 else name[:2]
    return Letters(text.upper() or "?", _TONES[crc32(name.encode()) % len(_TONES)])
