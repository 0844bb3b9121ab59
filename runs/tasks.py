"""Services that beat starts. Each does one batch and returns how many rows it touched."""

from celery import shared_task

from runs.services import claims


@shared_task
def reclaim_lost_runs() -> int:
    return claims.reclaim_lost_runs()
