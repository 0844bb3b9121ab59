"""The kombu transport over `MessageStore`: what lets Celery speak to the embedded broker."""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import virtual

from orchestrator.broker.batch import PublishBatch
from orchestrator.broker.bells import Ear
from orchestrator.broker.store import Leased, MessageStore, Sent

LOOK_SECONDS = 0.25  # how often an idle consumer looks although no bell rang, unless `look_seconds` says otherwise
LEASE_SECONDS = 60.0  # a consumer that died gives its messages back after this


class LeasedQoS(virtual.QoS):
    """Acknowledging deletes the row; refusing gives the lease back. Threads other than the consumer's may call it."""

    channel: Channel

    def ack(self, delivery_tag: str) -> None:
        self.channel.store.finish(int(delivery_tag))
        self._settle(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if requeue:
            self.channel.store.give_back(int(delivery_tag))
        else:
            self.channel.store.finish(int(delivery_tag))
        self._settle(delivery_tag)

    def restore_unacked(self) -> list[Any]:
        """Give every unacknowledged message back. Nothing can fail singly, so the list of failures is empty."""
        self._flush()
        while self._delivered:
            tag, _ = self._delivered.popitem()
            self.channel.store.give_back(int(tag))
        return []

    def _settle(self, delivery_tag: str) -> None:
        had_room = self.can_consume()
        super().ack(delivery_tag)
        if not had_room and self.channel.connection is not None:
            self.channel.connection.ear.nudge()  # there is room for the next message now


class Channel(virtual.Channel):
    """One conversation with the broker file, with a connection of its own."""

    QoS = LeasedQoS
    supports_fanout = False

    def __init__(self, connection: Transport, **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        client: Any = connection.client
        options = client.transport_options
        self.store = MessageStore(
            path_of(client.hostname), lease_seconds=float(options.get("visibility_timeout", LEASE_SECONDS))
        )

    def close(self) -> None:
        super().close()
        self.store.close()

    def basic_consume(self, queue: str, *args: Any, **kwargs: Any) -> None:
        self.listen(queue)
        super().basic_consume(queue, *args, **kwargs)

    def listen(self, queue: str) -> None:
        """From now on a message for the queue ends the wait of the connection's `ear`."""
        self.connection.ear.listen(self.store.bells.path(queue))

    def create_publish_batch(self, max_size: int) -> PublishBatch:
        return PublishBatch(self, self.store, max_size)

    def drain_events(self, timeout: float | None = None, callback: Callable[..., Any] | None = None) -> None:
        """Deliver one message, or raise Empty."""
        if not self._consumers or not self.qos.can_consume():
            raise Empty
        taken = self.store.take_any(self._active_queues)
        if taken is None:
            raise Empty
        queue, leased = taken
        # The queue that was served goes to the end, so that a busy one cannot starve the others.
        self._active_queues.remove(queue)
        self._active_queues.append(queue)
        (callback or self.connection._deliver)(_payload(leased), queue)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        leased = self.store.take(queue)
        if leased is None:
            raise Empty
        return _payload(leased)

    def _put(
        self, queue: str, message: dict[str, Any], _publish_batch: PublishBatch | None = None, **kwargs: Any
    ) -> None:
        milliseconds = message["properties"].get("expiration")
        expires_in_seconds = None if milliseconds is None else int(milliseconds) / 1000
        payload, priority = json.dumps(message), self._get_message_priority(message)
        if _publish_batch is None:
            self.store.put(queue, payload, priority=priority, expires_in_seconds=expires_in_seconds)
        else:
            _publish_batch.add(Sent(queue, payload, priority, expires_in_seconds))

    def _purge(self, queue: str) -> int:
        return self.store.purge(queue)

    def queue_delete(self, queue: str, if_unused: bool = False, if_empty: bool = False, **kwargs: Any) -> None:
        """With its messages and its bell. Kombu itself would delete queues of named exchanges alone.

        Who else reads it is not known here, so `if_unused` says nothing.
        """
        if if_empty and self._size(queue):
            return
        super().queue_delete(queue, if_unused, if_empty, **kwargs)
        self.store.forget(queue)

    def _size(self, queue: str) -> int:
        return self.store.size(queue)


class Transport(virtual.Transport):
    """Celery's door to the embedded broker. URL: `sqlite+file:///absolute/path/broker.db`."""

    Channel = Channel
    polling_interval = None  # type: ignore[assignment]  # it sleeps until a bell rings
    default_port = 0  # type: ignore[assignment]
    driver_type = "sqlite"
    driver_name = "sqlite3"
    can_parse_url = True
    implements = virtual.Transport.implements.extend(batch_publish=True)
    connection_errors = (*virtual.Transport.connection_errors, sqlite3.OperationalError, OSError)  # type: ignore[assignment]
    channel_errors = (*virtual.Transport.channel_errors, sqlite3.DatabaseError)  # type: ignore[assignment]

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.ear = Ear()
        # Celery looks whether it should stop only between two waits, and waits two seconds.
        self._longest_wait = float(client.transport_options.get("longest_wait_seconds", math.inf))
        self._look_seconds = float(client.transport_options.get("look_seconds", LOOK_SECONDS))

    def driver_version(self) -> str:
        return sqlite3.sqlite_version

    def close_connection(self, connection: Any) -> None:
        super().close_connection(connection)
        self.ear.close()

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        """Deliver one message; raises TimeoutError when none came within `timeout` seconds (None waits for ever)."""
        longest = self._longest_wait if timeout is None else min(timeout, self._longest_wait)
        give_up_at = time.monotonic() + longest
        cycle: Any = self.cycle
        while True:
            try:
                cycle.get(self._deliver, timeout=timeout)
                return
            except Empty:
                left = give_up_at - time.monotonic()
                if left <= 0:
                    raise TimeoutError from None
                self.ear.wait(min(left, self._look_seconds))


def path_of(url: str) -> Path:
    """The file behind `file:///absolute/path`. Raises ValueError when the URL names none."""
    scheme, separator, path = url.partition("://")
    if scheme != "file" or not separator or not path.strip("/"):
        raise ValueError(f"The embedded broker's URL must look like sqlite+file:///path/broker.db, not {url!r}")
    return Path("/" + path.lstrip("/"))


def _payload(leased: Leased) -> dict[str, Any]:
    message = json.loads(leased.payload)
    message["properties"]["delivery_tag"] = str(leased.id)
    if leased.deliveries > 1:
        message["properties"]["delivery_info"]["redelivered"] = True
    return message
