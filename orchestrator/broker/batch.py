"""What kombu calls a batch of published messages, on the embedded broker: one transaction.

Thousands of messages, each in a transaction of its own, would keep the consumers waiting for the file.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from kombu.exceptions import OperationalError

from orchestrator.broker.store import MessageStore, Sent


class PublishBatch:
    """`Producer.batch()` makes one for its channel, and calls it from one thread."""

    def __init__(self, channel: Any, store: MessageStore, max_size: int) -> None:
        self.channel = channel
        self._store = store
        self._max_size = max_size
        self._messages: list[Sent] = []

    def publish(self, message: dict[str, Any], **options: Any) -> None:
        """The channel gives it an address, and hands it to `add`."""
        self.channel.basic_publish(message, _publish_batch=self, **options)
        if len(self._messages) >= self._max_size:
            self.flush()

    def add(self, message: Sent) -> None:
        self._messages.append(message)

    def flush(self) -> None:
        """Send what was collected: all of it, or none. Raises OperationalError."""
        messages, self._messages = self._messages, []
        if not messages:
            return
        try:
            self._store.put_all(messages)
        except sqlite3.OperationalError as error:
            raise OperationalError(str(error)) from error

    def discard(self) -> None:
        self._messages = []

    def close(self) -> None:
        self.discard()
