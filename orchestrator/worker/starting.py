"""Starting a worker in this process and staying in it until it ends."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import warnings
from importlib import import_module

import celery.apps.worker
from celery.platforms import SecurityWarning

from orchestrator.sdk.errors import ApiError, ServerUnreachable, SettingError
from orchestrator.worker.api import api_client
from orchestrator.worker.app import worker_app
from orchestrator.worker.children import WARM_MODULES
from orchestrator.worker.losses import wait_for_reports
from orchestrator.worker.registration import Heart, RegistrationRefused, heartbeat
from orchestrator.worker.settings import WorkerSettings

_log = logging.getLogger("orchestrator.worker")


def start_worker(settings: WorkerSettings) -> int:
    """Work until told to stop; returns the exit code. SIGTERM lets running flows end, SIGQUIT does not."""
    _set_up_logging()
    os.environ["ORCHESTRATOR_API_URL"] = settings.api_url
    try:
        client = api_client(settings.api_url)
        heartbeat(client, settings)
    except (RegistrationRefused, SettingError) as error:
        print(f"orchestrator worker: {error}", file=sys.stderr)
        return 1
    except (ServerUnreachable, ApiError):
        pass  # the heart says so, and keeps trying
    for module in WARM_MODULES:
        import_module(module)
    refusals: list[str] = []

    def refused(message: str) -> None:
        refusals.append(message)
        os.kill(os.getpid(), signal.SIGTERM)

    app = worker_app(settings)
    heart = Heart(client, settings, on_refused=refused)
    worker = app.Worker(
        hostname=f"{settings.name}@{settings.pool}",
        pool="prefork",
        concurrency=settings.concurrency,
        queues=[settings.queue],
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        task_events=False,
    )
    gc.collect()
    gc.freeze()  # what is warm now is shared by the children as long as nobody writes to it
    heart.start()
    try:
        worker.start()
    finally:
        heart.stop()
        wait_for_reports(5.0)
    if refusals:
        print(f"orchestrator worker: {refusals[0]}", file=sys.stderr)
        return 1
    return int(worker.exitcode or 0)


def _set_up_logging() -> None:
    # Celery advises against running as root, and talks about its shutdown on standard output.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    celery.apps.worker.safe_say = lambda *_: None
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("{asctime} | {levelname:<7} | {message}", "%H:%M:%S", style="{"))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    logger = logging.getLogger("orchestrator.worker")
    logger.setLevel(logging.INFO)
    # Celery's own story about a lost child repeats, with a traceback, what the worker has said in one line.
    logging.getLogger("celery.app.trace").setLevel(logging.CRITICAL)
    logging.getLogger("celery.worker.request").setLevel(logging.CRITICAL)
