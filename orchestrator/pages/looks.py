"""How a state looks: its colour, its icon and its word. Pages and the admin both ask here, so that they agree."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.contract.states import StateType


@dataclass(frozen=True, slots=True)
class Look:
    tone: str  # the CSS class `tone-<tone>` sets the three colours of the state
    icon: str  # the symbol `#i-<icon>` of the page's sprite
    word: str


# A name that means more than its type has a look of its own.
_BY_NAME = {
    "Cached": ("cached", "bolt"),
    "Skipped": ("cached", "bolt"),
    "Late": ("late", "alarm"),
    "Retrying": ("retrying", "rotate"),
    "AwaitingRetry": ("retrying", "rotate"),
}
_BY_TYPE = {
    StateType.COMPLETED: ("completed", "check"),
    StateType.RUNNING: ("running", "play"),
    StateType.PENDING: ("pending", "dots"),
    StateType.SCHEDULED: ("scheduled", "clock"),
    StateType.PAUSED: ("paused", "pause"),
    StateType.FAILED: ("failed", "cross"),
    StateType.CRASHED: ("crashed", "burst"),
    StateType.CANCELLED: ("cancelled", "stop"),
    StateType.CANCELLING: ("cancelled", "stop"),
}


# Every tone with its word, in the order in which bars are stacked: what went well lies at the bottom.
TONE_WORDS = {
    "completed": "completed",
    "cached": "cached",
    "running": "running",
    "pending": "pending",
    "scheduled": "scheduled",
    "paused": "paused",
    "retrying": "retrying",
    "late": "late",
    "cancelled": "cancelled",
    "crashed": "crashed",
    "failed": "failed",
}
TONES = tuple(TONE_WORDS)


def look_of(state_type: str | None, state_name: str | None) -> Look:
    """The look of a state. A name of the author's own keeps its word and takes the colour of its type.

    Both None: the run has no state yet.
    """
    if state_type is None:
        return Look("scheduled", "dots", state_name or "No state")
    tone, icon = _BY_NAME.get(state_name or "") or _BY_TYPE[StateType(state_type)]
    return Look(tone, icon, state_name or StateType(state_type).capitalize())
