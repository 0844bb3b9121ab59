"""Signed JSON messages to a queue that one process reads without Celery: how submitted tasks are answered."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from orchestrator.broker import CELERY_OPTIONS, register
from orchestrator.broker.presence import Presence, is_read
from orchestrator.broker.signing import Signer

PURPOSE = "letter"
LIFETIME_SECONDS = 86_400  # of a letter that nobody reads: whoever waited for it is gone
_LOOK_SECONDS = 1.0
_DRAIN_SECONDS = 0.1  # so long may it take until the end is noticed
_LONGEST_PAUSE_SECONDS = 5.0
_HEALTHY_SECONDS = 60.0  # a connection that held for so long breaks as if for the first time
_EXPIRE_AGAIN_SECONDS = 1.0
_KNOWN_QUEUES = 1000

_log = logging.getLogger("orchestrator.broker")


class Poster:
    """Sends letters over one connection, which is made when it is needed and made anew when it broke. Thread-safe."""

    def __init__(self, broker_url: str, signer: Signer) -> None:
        self._broker_url = broker_url
        self._signer = signer
        self._lock = threading.Lock()
        self._connection: Any = None
        self._producer: Any = None
        self._expire_at: dict[str, float] = {}  # when each queue is given its lifetime again

    def send(self, queue: str, letter: dict[str, Any], *, patience_seconds: float = 10.0) -> bool:
        """False when the broker did not take it within that time."""
        text = json.dumps(letter)
        body = {"text": text, "signature": self._signer.sign(PURPOSE, queue.encode(), text.encode())}
        give_up_at = time.monotonic() + patience_seconds
        pause = 0.05
        with self._lock:
            while True:
                try:
                    self._publish(queue, body)
                    return True
                except Exception as error:  # noqa: BLE001 - each broker library has errors of its own
                    self._close()
                    if time.monotonic() + pause > give_up_at:
                        _log.warning("The broker does not take an answer for %s: %s", queue, error)
                        return False
                time.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def is_read(self, queue: str) -> bool:
        """Whether somebody reads the queue: see `presence`. True when the broker cannot be asked."""
        with self._lock:
            try:
                self._connect()
                return is_read(self._connection, queue, self._signer)
            except Exception as error:  # noqa: BLE001 - each broker library has errors of its own
                self._close()
                _log.debug("The broker could not be asked for who reads %s: %s", queue, error)
                return True

    def close(self) -> None:
        with self._lock:
            self._close()

    def _connect(self) -> None:
        if self._producer is None:
            self._connection = connect(self._broker_url)
            self._producer = self._connection.Producer(serializer="json")

    def _publish(self, queue: str, body: dict[str, Any]) -> None:
        self._connect()
        self._producer.publish(body, exchange="", routing_key=queue, expiration=LIFETIME_SECONDS)
        now = time.monotonic()
        if self._connection.transport.driver_type == "redis" and now >= self._expire_at.get(queue, 0.0):
            # Redis forgets whole queues, not messages.
            self._producer.channel.client.expire(queue, LIFETIME_SECONDS)
            if len(self._expire_at) > _KNOWN_QUEUES:
                self._expire_at.clear()
            self._expire_at[queue] = now + _EXPIRE_AGAIN_SECONDS

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.release()
        self._connection = self._producer = None


class Mailbox:
    """Reads one queue in a thread of its own and removes it at the end. `is_reading` is set while it can be read."""

    def __init__(
        self,
        broker_url: str,
        queue: str,
        signer: Signer,
        *,
        read: Callable[[dict[str, Any]], None],
        unsigned: Callable[[dict[str, Any]], None],
        look: Callable[[], None],
        reconnected: Callable[[], None],
    ) -> None:
        """`read` gets each letter; `unsigned` one that was signed with another key, or by nobody; `look` is called
        about once a second; `reconnected` after letters could not be read for a while. All of them in the thread.
        """
        self.queue = queue
        self._broker_url = broker_url
        self._signer = signer
        self._read, self._unsigned, self._look, self._reconnected = read, unsigned, look, reconnected
        self._acknowledges = True
        self.is_reading = threading.Event()
        self._presence = Presence(queue, signer)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep_reading, name="mailbox", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(5.0)
        self._presence.let_go()

    def _keep_reading(self) -> None:
        pause = 0.0
        while not self._stopped.wait(pause):
            began = time.monotonic()
            try:
                with connect(self._broker_url) as connection:
                    if pause:
                        self._reconnected()
                    self._read_from(connection)
                    return
            except Exception as error:  # noqa: BLE001 - each broker library has errors of its own
                if self.is_reading.is_set() and time.monotonic() - began > _HEALTHY_SECONDS:
                    pause = 0.0
                self.is_reading.clear()
                if not pause:
                    _log.warning("The broker cannot be read from; it is tried again. (%s)", error)
                pause = min(max(0.2, pause * 2), _LONGEST_PAUSE_SECONDS)

    def _read_from(self, connection: Any) -> None:
        self._presence.renew(connection)
        channel = connection.channel()
        kind = connection.transport.driver_type
        queue = queue_of_letters(self.queue, kind)
        looked_at = time.monotonic()
        # A message leaves Redis when it is read; elsewhere it has to be acknowledged.
        self._acknowledges = kind != "redis"
        options = {"accept": ["json"], "channel": channel, "no_ack": not self._acknowledges}
        with connection.Consumer([queue], callbacks=[self._take], **options):
            self.is_reading.set()
            while not self._stopped.is_set():
                with suppress(TimeoutError):
                    connection.drain_events(timeout=_DRAIN_SECONDS)
                if time.monotonic() - looked_at >= _LOOK_SECONDS:
                    looked_at = time.monotonic()
                    self._presence.renew(connection)
                    self._look()
        self._presence.end(connection)
        with suppress(Exception):
            channel.queue_purge(self.queue)
            channel.queue_delete(self.queue)

    def _take(self, body: Any, message: Any) -> None:
        if self._acknowledges:
            message.ack()
        try:
            text, signature = body["text"], body["signature"]
            letter = json.loads(text)
            is_signed = self._signer.is_signed(signature, PURPOSE, self.queue.encode(), text.encode())
            (self._read if is_signed else self._unsigned)(letter)
        except Exception:  # noqa: BLE001 - whatever is in it
            # One letter that cannot be read must not keep the others from being read.
            _log.exception("A message in %s could not be read", self.queue)


def queue_of_letters(name: str, kind: str) -> Any:
    """As a reader declares it on a broker of this kind.

    When its reader dies without a word, RabbitMQ removes it after the lifetime of the letters in it. Redis is told of
    that with each letter, and the embedded broker keeps no queue that is empty.
    """
    from kombu import Exchange, Queue

    expires = LIFETIME_SECONDS if kind == "amqp" else None
    return Queue(name, Exchange(""), routing_key=name, durable=True, expires=expires)


def connect(broker_url: str) -> Any:
    """A kombu connection with the options that workers have too."""
    from kombu import Connection

    register()
    options = {**CELERY_OPTIONS["broker_transport_options"], "longest_wait_seconds": _DRAIN_SECONDS}
    return Connection(
        broker_url, transport_options=options, connect_timeout=CELERY_OPTIONS["broker_connection_timeout"]
    )
