"""What bulk actions are called."""

from __future__ import annotations

from dataclasses import dataclass

from runs.models import BulkAction


@dataclass(frozen=True, slots=True)
class DeedWords:
    verb: str
    doing: str
    done: str
    sentence: str  # what will happen, before it does; takes the options


DEEDS: dict[str, DeedWords] = {
    BulkAction.Deed.RETRY: DeedWords(
        "Retry",
        "Retrying",
        "retried",
        "Each is scheduled for now and begins again under its own name. Results that were kept are used again.",
    ),
    BulkAction.Deed.CANCEL: DeedWords(
        "Cancel",
        "Cancelling",
        "cancelled",
        "What executes a run is asked to stop. Runs that have not begun are cancelled at once.",
    ),
    BulkAction.Deed.DELETE: DeedWords(
        "Delete",
        "Deleting",
        "deleted",
        "They go for good, with their logs, their task runs and what they made.",
    ),
    BulkAction.Deed.SET_STATE: DeedWords(
        "Set the state of",
        "Setting the state of",
        "changed",
        "Each is set to {state} by force, whatever it does. Nothing is executed or stopped by that.",
    ),
    BulkAction.Deed.PAUSE: DeedWords(
        "Pause",
        "Pausing",
        "paused",
        "Each leaves its process as soon as the tasks under way have ended, until somebody resumes it.",
    ),
    BulkAction.Deed.RESUME: DeedWords("Resume", "Resuming", "resumed", "Each goes on where it was paused."),
    BulkAction.Deed.ADD_TAG: DeedWords("Tag", "Tagging", "tagged", "Each gets the tag “{tag}” beside those it has."),
}


def number_of_runs(number: int) -> str:
    return f"{number:,} run{'' if number == 1 else 's'}"
