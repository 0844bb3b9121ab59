"""The stretches of time that the overview can look back on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Range:
    key: str
    words: str
    span: timedelta
    every: int  # milliseconds at least between two looks: long stretches cost more to count, and change less


RANGES = (
    Range("1h", "Last hour", timedelta(hours=1), every=1_000),
    Range("24h", "Last 24 hours", timedelta(days=1), every=2_000),
    Range("7d", "Last 7 days", timedelta(days=7), every=5_000),
    Range("30d", "Last 30 days", timedelta(days=30), every=5_000),
)
USUAL = RANGES[1]


def range_named(key: str) -> Range:
    """The usual one for a name that none has."""
    return next((one for one in RANGES if one.key == key), USUAL)
