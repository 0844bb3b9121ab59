"""The broker, and how many messages wait in it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError
from kombu.utils.url import maybe_sanitize_url

from deployments.models import WorkPool
from orchestrator.broker.queues import queue_of_pool, waiting_messages
from orchestrator.dashboard.status.fact import Fact

MOST_POOLS = 20  # whose queues are asked
PATIENCE_SECONDS = 2.0
SERVICES_QUEUE = "services"
MANY = 100  # messages for the services; they are sent every few seconds, and taken at once


def broker_facts(pools: Iterable[WorkPool]) -> list[Fact]:
    """No query, but the broker is asked. Of our own workers' pools alone."""
    where = str(maybe_sanitize_url(settings.BROKER_URL))
    names = [pool.name for pool in pools if pool.is_celery][:MOST_POOLS]
    began = time.perf_counter()
    try:
        with current_app.connection_for_write(connect_timeout=PATIENCE_SECONDS, **_patience()) as connection:
            connection.ensure_connection(max_retries=1, timeout=PATIENCE_SECONDS)
            seconds = time.perf_counter() - began
            services = waiting_messages(connection, SERVICES_QUEUE)
            waiting = {name: waiting_messages(connection, queue_of_pool(name)) for name in names}
    except (OperationalError, OSError) as error:
        return [Fact("Broker", where), Fact("Answers", "no", f"It cannot be reached: {error}")]
    trouble = "Nobody takes them: the services worker is away or behind." if services > MANY else ""
    return [
        Fact("Broker", where),
        Fact("Answers in", f"{seconds * 1000:.1f} ms"),
        Fact("Messages for services", str(services), trouble),
        *(Fact(f"Messages for pool {name}", str(count)) for name, count in waiting.items()),
    ]


def _patience() -> dict[str, Any]:
    """Redis has limits of its own, without which a host that says nothing would hold a thread for minutes."""
    if not settings.BROKER_URL.startswith(("redis:", "rediss:")):
        return {}
    return {"transport_options": {"socket_connect_timeout": PATIENCE_SECONDS, "socket_timeout": PATIENCE_SECONDS}}
