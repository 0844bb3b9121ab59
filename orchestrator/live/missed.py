"""What happened between the making of a page and its subscription, so that a page fetches only what changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from orchestrator.events.models import Event
from orchestrator.live.notices import topics_of_event

MOST_EVENTS = 500  # looked at; after more of them the page fetches everything
# Clocks of several hosts differ a little, and an event is received a moment before it can be read. What is told
# needlessly costs one fetch.
LOOK_BACK = timedelta(seconds=5)


def topics_since(made: float, topics: frozenset[str]) -> frozenset[str] | None:
    """Which of `topics` changed since `made` (seconds since 1970). None when that is too long ago to tell.

    At most two queries. Log lines are no events: topics of logs are always among what is told.
    """
    try:
        since = datetime.fromtimestamp(made, UTC) - LOOK_BACK
    except (OverflowError, ValueError, OSError):
        return None
    newest = Event.objects.only("resource_id", "related", "received").order_by("-sequence")
    latest = newest.values_list("received", flat=True).first()
    changed = {topic for topic in topics if topic.startswith("logs:")}
    if latest is not None and latest >= since:
        events = [event for event in newest[:MOST_EVENTS] if event.received >= since]
        if len(events) == MOST_EVENTS:
            return None
        changed.update(topic for event in events for topic in topics_of_event(event))
    return topics & changed
