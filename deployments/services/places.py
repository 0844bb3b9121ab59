"""How many more runs a pool and its queues may execute at once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q

from deployments.models import WorkPool, WorkQueue
from deployments.models.work_pools import CELERY
from deployments.services.hand_out import occupied_in

REMEMBERED_SECONDS = 2.0


@dataclass(slots=True)
class Places:
    """What the limits of one pool leave free; counted down while places are given out."""

    left_in_pool: int | None  # None: no limit
    occupied: dict[UUID | None, int] = field(default_factory=dict)  # by queue

    @classmethod
    def unlimited(cls) -> Places:
        return cls(left_in_pool=None)

    def left_for(self, queue: WorkQueue, *, most: int) -> int:
        """How many runs of this queue may begin now, at most `most`. Not more than 0 when it is full."""
        room = most if self.left_in_pool is None else min(most, self.left_in_pool)
        if queue.concurrency_limit is not None:
            room = min(room, queue.concurrency_limit - self.occupied.get(queue.pk, 0))
        return room

    def take(self, count: int) -> None:
        if self.left_in_pool is not None:
            self.left_in_pool -= count


def places_in(pool: WorkPool) -> Places:
    occupied = occupied_in(pool)
    limit = pool.concurrency_limit
    return Places(None if limit is None else limit - sum(occupied.values()), occupied)


class LimitedPools:
    """Which Celery pools have a limit, of their own or of a queue: known without a question for each run that ends.

    What another process changes is noticed REMEMBERED_SECONDS later.
    """

    def __init__(self) -> None:
        self._known: frozenset[UUID] = frozenset()
        self._until = 0.0

    def __contains__(self, pool_id: UUID) -> bool:
        if time.monotonic() >= self._until:
            limited = Q(concurrency_limit__isnull=False) | Q(queues__concurrency_limit__isnull=False)
            pools = WorkPool.objects.filter(limited, type=CELERY).values_list("pk", flat=True).distinct()
            self._known = frozenset(pools)
            self._until = time.monotonic() + REMEMBERED_SECONDS
        return pool_id in self._known

    def forget(self) -> None:
        """Something about limits has changed: ask again."""
        self._until = 0.0


limited_pools = LimitedPools()
