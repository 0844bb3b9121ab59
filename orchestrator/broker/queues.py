"""The broker's queues: what they are called, how many messages wait in one, and emptying one that nobody reads."""

from __future__ import annotations

from typing import Any

MOST_PRIORITIES = 10  # that the brokers tell apart: 0 is delivered first, 9 last


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
            return int(channel.queue_declare(queue=queue, passive=True).message_count or 0)
    except connection.channel_errors:
        return 0


def empty_queue(connection: Any, queue: str) -> int:
    """Remove the messages that nobody has taken. Returns how many there were."""
    try:
        with connection.channel() as channel:
            return int(channel.queue_purge(queue) or 0)
    except connection.channel_errors:
        return 0
