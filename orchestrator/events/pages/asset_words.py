"""How an asset does, in words and colour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.events.models import Asset
from orchestrator.pages.words import duration_words

LATE_AFTER = 2.0  # times what usually passes from one making to the next


@dataclass(frozen=True, slots=True)
class Condition:
    tone: str
    icon: str
    word: str
    why: str = ""


def condition_of(asset: Asset, now: datetime) -> Condition:
    if asset.is_failing:
        why = "the last task that should have made it failed"
        return Condition("failed", "cross", "Failed", why)
    if asset.made_at is None:
        return Condition("scheduled", "dots", "Source", "others are made from it; nothing here makes it")
    age = (now - asset.made_at).total_seconds()
    usual = asset.usual_seconds
    if usual is not None and age > LATE_AFTER * usual:
        why = f"it is usually made every {duration_words(usual)}, and was not for {duration_words(age)}"
        return Condition("late", "alarm", "Stale", why)
    return Condition("completed", "check", "Fresh", usual_words(asset))


def usual_words(asset: Asset) -> str:
    """How often it is made; nothing as long as that is not known."""
    return f"usually every {duration_words(asset.usual_seconds)}" if asset.usual_seconds else ""
