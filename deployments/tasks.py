"""Services that beat starts. Each does one batch and returns how many rows it touched."""

from celery import shared_task

from deployments.services import dispatch, workers


@shared_task
def dispatch_due_runs() -> int:
    return dispatch.dispatch_due_runs()


@shared_task
def dispatch_waiting_runs() -> int:
    return dispatch.dispatch_waiting_runs()


@shared_task
def mark_workers_offline() -> int:
    return workers.mark_workers_offline()
