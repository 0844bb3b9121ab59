"""Services that beat starts. Each does a bounded piece of work and returns how many rows it touched."""

import logging

from celery import shared_task

from orchestrator.statements.batches import repeat
from runs.services import cancellation, claims, concurrency_leases, late, leftovers, pauses, retention

logger = logging.getLogger(__name__)

SECONDS_AT_A_TIME = 3.0


@shared_task
def reclaim_lost_runs() -> int:
    return claims.reclaim_lost_runs()


@shared_task
def repossess_expired_leases() -> int:
    return repeat(concurrency_leases.repossess_expired_leases, seconds=SECONDS_AT_A_TIME)


@shared_task
def mark_late_runs() -> int:
    return late.mark_late()


@shared_task
def expire_pauses() -> int:
    return pauses.expire_pauses()


@shared_task
def finish_cancellations() -> int:
    return cancellation.cancel_children() + cancellation.time_out_cancelling()


@shared_task
def clear_leftovers() -> int:
    return repeat(leftovers.clear_leftovers, seconds=SECONDS_AT_A_TIME)


@shared_task
def delete_old_runs() -> int:
    deleted = repeat(retention.delete_old_runs, seconds=SECONDS_AT_A_TIME)
    if deleted:
        logger.info("%d flow runs were deleted because they ended too long ago.", deleted)
    return deleted
