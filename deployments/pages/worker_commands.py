"""The commands that start and stop workers, to be copied."""

from __future__ import annotations

import shlex

from django.http import HttpRequest

from deployments.models import Worker, WorkPool, WorkQueue

_OF_PREFECT = "prefect worker start --pool {} --type {}"


def start_command(pool: WorkPool, queue: WorkQueue | None = None) -> str:
    """Our own workers serve pools of their type; pools of other types are served by Prefect's workers."""
    if pool.is_celery:
        command = f"orchestrator worker start --pool {shlex.quote(pool.name)}"
    else:
        command = _OF_PREFECT.format(shlex.quote(pool.name), shlex.quote(pool.type))
    if queue is None:
        return command
    return f"{command} {'--queue' if pool.is_celery else '--work-queue'} {shlex.quote(queue.name)}"


def surroundings(request: HttpRequest, pool: WorkPool) -> str:
    """What has to be in the environment of a worker on another machine."""
    variable = "ORCHESTRATOR_API_URL" if pool.is_celery else "PREFECT_API_URL"
    return f"export {variable}={request.scheme}://{request.get_host()}{request.META.get('SCRIPT_NAME', '')}/api"


def drain_command(worker: Worker) -> str:
    """Lets it end what it executes and take nothing more, on its host. Nothing where it does not tell its process."""
    process = (worker.metadata or {}).get("process_id")
    return f"kill -TERM {process}" if isinstance(process, int) else ""
