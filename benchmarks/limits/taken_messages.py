"""How long the broker's library alone takes to hand over messages that wait: nobody can be woken sooner."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from kombu import Connection, Consumer, Producer, Queue

from benchmarks.databases import Database
from benchmarks.programs.fleet import PREFETCHED
from benchmarks.row import Incorrect
from orchestrator.broker import CELERY_OPTIONS, broker_url, register

_QUEUE = "bench.taken"
_PATIENCE_SECONDS = 5.0


def times_taken(database: Database, count: int) -> list[float]:
    """So many messages are sent, then one consumer takes and acknowledges them: the seconds after which it had each.

    They name a run, as those do that wake workers. Raises Incorrect when some do not come.
    """
    options = CELERY_OPTIONS["broker_transport_options"]
    with tempfile.TemporaryDirectory(prefix="bench-broker-", ignore_cleanup_errors=True) as home:
        register()
        url = database.redis_url or broker_url(Path(home, "broker.db"))
        with Connection(url, transport_options=options) as broker:
            _send(broker, count)
            return _take(broker, count)


def _send(broker: Connection, count: int) -> None:
    queue = Queue(_QUEUE, exchange="", routing_key=_QUEUE)
    producer = Producer(broker.default_channel)
    for number in range(count):
        named = {"flow_run_id": str(uuid4()), "pool": "fleet"}
        declared = [queue] if number == 0 else None
        producer.publish([[], named, {}], exchange="", routing_key=_QUEUE, serializer="json", declare=declared)


def _take(broker: Connection, count: int) -> list[float]:
    taken: list[float] = []

    def take(body: Any, message: Any) -> None:
        message.ack()
        taken.append(time.perf_counter() - began)

    queue = Queue(_QUEUE, exchange="", routing_key=_QUEUE, no_declare=True)
    began = time.perf_counter()
    with Consumer(broker, [queue], callbacks=[take], accept=["json"], prefetch_count=PREFETCHED):
        while len(taken) < count:
            try:
                broker.drain_events(timeout=_PATIENCE_SECONDS)
            except TimeoutError:
                raise Incorrect(f"Of {count} messages {len(taken)} came") from None
    return taken
