"""What happened between the making of a page and its subscription, so that a page fetches only what changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from orchestrator.events.models import Event
from orchestrator.live.notices import topics_of_event

MOST_EVENTS = 500  # looked at; after more of them the page fetches everything
# Clocks of several hosts differ a little, and an event is received a moment before it can be read. What is told
# needlessly costs one fetch.
LOOK_BACK = timedelta(seconds=5)
MOST_LOGS = 3  # looked for; a page shows one, and who asks for more is told of all

NewLines = Callable[[str, datetime], bool]  # of a run's identifier: whether lines of its log came since
_LOGS = "logs:"
_has_new_lines: list[NewLines] = []


def look_for_lines_with(has_new_lines: NewLines) -> None:
    """Log lines are no events: whoever stores them says whether there are new ones, which may take two queries."""
    _has_new_lines[:] = [has_new_lines]


def topics_since(made: float, topics: frozenset[str]) -> frozenset[str] | None:
    """Which of `topics` changed since `made` (seconds since 1970). None when that is too long ago to tell.

    Two queries at most, and those for logs.
    """
    try:
        since = datetime.fromtimestamp(made, UTC) - LOOK_BACK
    except (OverflowError, ValueError, OSError):
        return None
    newest = Event.objects.only("resource_id", "related", "received").order_by("-sequence")
    latest = newest.values_list("received", flat=True).first()
    changed = _logs_that_grew(topics, since)
    if latest is not None and latest >= since:
        events = [event for event in newest[:MOST_EVENTS] if event.received >= since]
        if len(events) == MOST_EVENTS:
            return None
        changed.update(topic for event in events for topic in topics_of_event(event))
    return topics & changed


def _logs_that_grew(topics: frozenset[str], since: datetime) -> set[str]:
    logs = {topic for topic in topics if topic.startswith(_LOGS)}
    if len(logs) > MOST_LOGS:
        return logs
    return {topic for topic in logs if any(ask(topic.removeprefix(_LOGS), since) for ask in _has_new_lines)}
