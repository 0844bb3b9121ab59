"""The messages that call workers out: each names a run, and is only a call to look into the database."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from uuid import UUID, uuid4

from celery import current_app

WAKE_UP_TASK = "orchestrator.execute"
LIFETIME_SECONDS = 120  # later ones were sent meanwhile; generous, because clocks of hosts differ
_PERSISTENT = 2  # a broker that is started again still has them


@dataclass(frozen=True, slots=True)
class WakeUp:
    """One message, for those who listen on a queue of the broker."""

    flow_run_id: UUID
    pool: str
    queue: str
    priority: int  # as the broker counts it: 0 comes first
    # Of the run, in seconds. The message itself has to carry them, because Celery keeps to them.
    soft_time_limit: float | None = None
    time_limit: float | None = None


def send_wake_ups(wake_ups: Iterable[WakeUp]) -> None:
    """Send them in this order, over one connection, and many at once. Raises what the broker's library raises.

    Celery's `send_task` does thrice the work for each of them, and many runs may be due in one moment. One alone is
    tried again when the connection is lost; what is lost of many is sent again by the sweeper.
    """
    wake_ups = list(wake_ups)
    if not wake_ups:
        return
    declared: set[str] = set()
    conf, amqp = current_app.conf, current_app.amqp
    with current_app.producer_or_acquire() as producer, producer.batch() if len(wake_ups) > 1 else nullcontext():
        for each in wake_ups:
            id_, named = str(uuid4()), {"flow_run_id": str(each.flow_run_id), "pool": each.pool}
            message = amqp.as_task_v2(
                id_,
                WAKE_UP_TASK,
                kwargs=named,
                root_id=id_,
                expires=LIFETIME_SECONDS,
                soft_time_limit=each.soft_time_limit,
                time_limit=each.time_limit,
                ignore_result=True,
                argsrepr="()",
                kwargsrepr=repr(named),
            )
            producer.publish(
                message.body,
                exchange="",
                routing_key=each.queue,
                declare=None if each.queue in declared else [amqp.queues[each.queue]],
                serializer=conf.task_serializer,
                headers=message.headers,
                priority=each.priority,
                expiration=LIFETIME_SECONDS,
                delivery_mode=_PERSISTENT,
                retry=True,
                retry_policy=conf.task_publish_retry_policy,
                **message.properties,
            )
            declared.add(each.queue)
