"""The broker's queues: what they are called, how many messages wait in one, and emptying one that nobody reads."""

from __future__ import annotations

import threading
from typing import Any

MOST_PRIORITIES = 10  # that the brokers tell apart: 0 is delivered first, 9 last
_LOOK_SECONDS = 0.5  # between two looks for a message; also how late a waiting thread may notice that it is to stop


def queue_of_pool(pool: str) -> str:
    """Where the workers listen that execute any run of the pool."""
    return f"pool.{pool}"


def queue_of_work_queue(pool: str, work_queue: str) -> str:
    """Where the workers listen that execute the runs of certain queues alone.

    The name of a pool has no slash, so no two pairs share a name.
    """
    return f"pool.{pool}/{work_queue}"


def queue_of_worker(pool: str, name: str) -> str:
    """Where one worker listens to itself, see `orchestrator.worker.probing`."""
    return f"worker.{pool}/{name}"


def queue_of_tasks(pool: str) -> str:
    """Where the workers of a pool listen for task runs that flows submit to them."""
    return f"tasks.{pool}"


def queue_of_replies(token: str) -> str:
    """Where one flow run listens for what became of the task runs that it submitted."""
    return f"replies.{token}"


def message_priority(work_queue_priority: int) -> int:
    """Queues are numbered from 1 on, the most urgent first; those from the tenth on are as urgent as one another."""
    return min(max(work_queue_priority - 1, 0), MOST_PRIORITIES - 1)


def waiting_messages(connection: Any, queue: str) -> int:
    """How many messages nobody has taken yet. 0 for a queue that does not exist."""
    try:
        with connection.channel() as channel:
            return _messages_in(queue, channel)
    except connection.channel_errors:
        return 0


def wait_for_message(connection: Any, queue: str, *, stopped: threading.Event) -> None:
    """Until a message waits that nobody has taken, or `stopped` is set. Nothing is taken.

    Raises what the broker's library raises. The embedded broker wakes whoever waits; others are asked again and again.
    """
    kind = connection.transport.driver_type
    if kind == "amqp":  # which closes a channel that is asked for a queue that does not exist
        while not waiting_messages(connection, queue) and not stopped.wait(_LOOK_SECONDS):
            pass
        return
    with connection.channel() as channel:
        if kind == "sqlite":
            channel.listen(queue)
        while not (_is_there(queue, connection, channel) or stopped.is_set()):
            if kind == "sqlite":
                connection.transport.ear.wait(_LOOK_SECONDS)
            else:
                stopped.wait(_LOOK_SECONDS)


def empty_queue(connection: Any, queue: str) -> int:
    """Remove the messages that nobody has taken. Returns how many there were."""
    try:
        with connection.channel() as channel:
            return int(channel.queue_purge(queue) or 0)
    except connection.channel_errors:
        return 0


def _is_there(queue: str, connection: Any, channel: Any) -> bool:
    try:
        return _messages_in(queue, channel) > 0
    except connection.channel_errors:
        return False


def _messages_in(queue: str, channel: Any) -> int:
    return int(channel.queue_declare(queue=queue, passive=True).message_count or 0)
