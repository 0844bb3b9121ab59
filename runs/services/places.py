"""Where a run without a deployment waits: the queue of a work pool, by their names."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from runs.errors import PlaceNotFound
from runs.models import FlowRun


def find_work_queue(*, work_pool_name: str, work_queue_name: str | None = None) -> Any:
    """The queue together with its pool; the pool's default queue when none is named. Raises PlaceNotFound."""
    # Reached through the relation, because pools and queues are not known here.
    queues = FlowRun._meta.get_field("work_queue").related_model._default_manager.select_related("work_pool")
    of_pool = queues.filter(work_pool__name=work_pool_name)
    if work_queue_name:
        queue = of_pool.filter(name=work_queue_name).first()
    else:
        queue = of_pool.filter(pk=F("work_pool__default_queue_id")).first()
    if queue is not None:
        return queue
    if work_queue_name and of_pool.exists():
        raise PlaceNotFound(f"Work pool queue '{work_pool_name}/{work_queue_name}' not found.")
    raise PlaceNotFound(f'Work pool "{work_pool_name}" not found.')
