"""Services that beat starts. Each returns how many rows it touched."""

import logging

from celery import shared_task

from orchestrator.events import retention
from orchestrator.statements.batches import repeat

logger = logging.getLogger(__name__)

SECONDS_AT_A_TIME = 10.0


@shared_task
def delete_old_events() -> int:
    deleted = repeat(retention.delete_old_events, seconds=SECONDS_AT_A_TIME)
    if deleted:
        logger.info("%d old events were deleted.", deleted)
    return deleted
