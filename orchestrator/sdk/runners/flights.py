"""One run on its way to a Celery worker and back, and how often it may be sent."""

from __future__ import annotations

SILENT_SECONDS = 20.0  # a run that executed, and of which nothing was heard for so long, is lost
UNTAKEN_SECONDS = 30.0  # a run of which nothing was heard, and that is not on the broker either, is sent again
MOST_RESENDS = 5  # of a run that nobody is known to have begun
MOST_HANDED_BACK = 20  # times that a run is sent again because the worker that executed it was told to stop


class Flight:
    """A run that is at the broker or at a worker. Moments are of the monotonic clock."""

    __slots__ = (
        "alone",
        "attempt",
        "handed_back",
        "heard_at",
        "key",
        "missed",
        "parcel",
        "resends",
        "sending",
        "sent_at",
        "stop_at",
    )

    def __init__(self, key: str, attempt: int, parcel: bytes) -> None:
        self.key = key
        self.attempt = attempt
        self.parcel = parcel
        self.sending = 0  # how often it was sent; letters tell which sending they are about
        self.sent_at = 0.0
        self.heard_at: float | None = None  # None: nobody is known to execute it
        self.stop_at: str | None = None  # the queue of the worker that executes it
        self.resends = 0
        self.alone = False  # it is sent by itself, not together with others
        self.handed_back = 0
        self.missed = 0

    def leaves(self, now: float) -> None:
        """It is sent, for the first time or again: nobody is known to execute this sending."""
        self.sending += 1
        self.sent_at = now
        self.heard_at = self.stop_at = None

    def is_silent(self, now: float) -> bool:
        return self.heard_at is not None and now - self.heard_at > SILENT_SECONDS

    def is_untaken(self, now: float) -> bool:
        return self.heard_at is None and now - self.sent_at > UNTAKEN_SECONDS
