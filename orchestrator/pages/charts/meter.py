"""How much of a limit is used, as a small bar."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 64.0  # px


@dataclass(frozen=True, slots=True)
class Meter:
    """What `charts/meter.html` draws: the bar, and beside it the numbers in words."""

    sentence: str
    words: str
    filled: float
    tone: str
    width: float = WIDTH


def meter(used: float, limit: float | None, *, sentence: str = "", words: str = "") -> Meter:
    """`3 / 4` with its bar, amber when full; a limit of None is none, and draws an empty bar: `3 / ∞`."""
    share = 0.0 if limit is None else 1.0 if limit <= 0 else min(1.0, used / limit)
    full = limit is not None and used >= limit
    numbers = f"{used:g} / {'∞' if limit is None else f'{limit:g}'}"
    return Meter(
        sentence=sentence or f"{used:g} of {'no limit' if limit is None else f'{limit:g}'}",
        words=words or numbers,
        filled=round(share * WIDTH, 1),
        tone="late" if full else "running",
    )
