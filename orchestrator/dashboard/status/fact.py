"""One measured fact, as the page about the server shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """`trouble` says in words why somebody should look; nothing where all is well."""

    heading: str
    words: str
    trouble: str = ""


def bytes_words(count: float) -> str:
    """`812 kB`, `1.4 GB`: by thousands, as disks are sold."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or abs(count) >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
