"""Starting a worker in this process and staying in it until it ends."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import warnings
from importlib import import_module
from typing import Any

import celery.apps.worker
from celery import Celery, signals
from celery.exceptions import CPendingDeprecationWarning
from celery.platforms import SecurityWarning

from orchestrator.sdk.errors import ApiError, ServerUnreachable, SettingError
from orchestrator.worker.api import api_client
from orchestrator.worker.app import worker_app
from orchestrator.worker.children import WARM_MODULES
from orchestrator.worker.draining import Drain
from orchestrator.worker.losses import wait_for_reports
from orchestrator.worker.probing import Probe, Prober, connect_anew
from orchestrator.worker.registration import Heart, RegistrationRefused, heartbeat
from orchestrator.worker.served_tasks import ServedTasks
from orchestrator.worker.settings import WorkerSettings
from orchestrator.worker.tasks.host import TaskHost
from orchestrator.worker.warden import Warden

_log = logging.getLogger("orchestrator.worker")


def start_worker(settings: WorkerSettings) -> int:
    """Work until told to stop; returns the exit code: 0 after being told to, 1 when it could not start or go on.

    SIGTERM lets running flows end; SIGQUIT, or a second SIGTERM, hands them back.
    """
    set_up_logging(settings.celery.get("loglevel"))
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
    troubles: list[str] = []

    def end_because(trouble: str) -> None:
        if not troubles:
            troubles.append(trouble)
            os.kill(os.getpid(), signal.SIGTERM)

    app = worker_app(settings)
    worker = celery_worker(app, settings)
    heart = Heart(client, settings, on_refused=end_because, news=lambda: _news(prober))
    prober = Prober(
        app,
        settings,
        reconnect=lambda: connect_anew(worker.consumer),
        give_up=end_because,
        changed=heart.beat_soon,
    )
    app.tasks[Probe.name].came_back = prober.came_back

    def leave() -> None:
        prober.stop()
        heart.leave()

    drain = Drain(patience_seconds=settings.drain_seconds, leaving=leave)

    def ready(sender: Any, **_: Any) -> None:
        if settings.autoscale:
            _keep_prefetch_count(sender)
        prober.start()

    signals.worker_ready.connect(ready, weak=False)
    gc.collect()
    gc.freeze()  # what is warm now is shared by the children as long as nobody writes to it
    heart.start()
    warden = Warden(client, settings)
    warden.start()
    task_host = TaskHost(settings)
    task_host.start()
    served_tasks = ServedTasks(settings)
    served_tasks.start()
    try:
        worker.start()
    finally:
        warden.stop()
        # Not before: flows that were running waited for their tasks. All of them share one patience.
        served_tasks.stop(seconds_left=drain.seconds_left)
        task_host.stop(seconds_left=drain.seconds_left)
        leave()
        wait_for_reports(5.0)
    if troubles:
        print(f"orchestrator worker: {troubles[0]}", file=sys.stderr)
        return 1
    return 0 if drain.begun else int(worker.exitcode or 0)


def celery_worker(app: Celery, settings: WorkerSettings, *, queues: list[str] | None = None) -> Any:
    """Celery's worker as we use it; `queues` None: those of the settings."""
    options = {
        "hostname": f"{settings.name}@{settings.pool}",
        "pool": "prefork",
        "concurrency": settings.concurrency,
        "autoscale": settings.autoscale,
        "queues": settings.queues if queues is None else queues,
        "loglevel": "WARNING",
        "quiet": True,
        "without_gossip": True,
        "without_mingle": True,
        "without_heartbeat": True,
        "task_events": False,
    }
    return app.Worker(**{**options, **settings.celery})


def _keep_prefetch_count(consumer: Any) -> None:
    """An autoscaled worker may hold as many wake-ups as it may have processes, from the start.

    Celery adds to that for each process that it starts, and would keep from other workers what it cannot begin.
    """
    consumer._update_prefetch_count = lambda index=0: None


def _news(prober: Prober) -> dict[str, Any]:
    return {"broker_state": prober.state, "last_probe_age_seconds": prober.last_return_age_seconds}


def set_up_logging(level: int | str | None) -> None:
    """The worker's log goes to standard error."""
    # Celery advises against running as root, and talks about its shutdown on standard output.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)  # about connections that were lost
    celery.apps.worker.safe_say = lambda *_: None
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("{asctime} | {levelname:<7} | {message}", "%H:%M:%S", style="{"))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level or logging.WARNING)
    logger = logging.getLogger("orchestrator.worker")
    logger.setLevel(logging.INFO)
    # Celery's own story about a lost child repeats, with a traceback, what the worker has said in one line.
    logging.getLogger("celery.app.trace").setLevel(logging.CRITICAL)
    logging.getLogger("celery.worker.request").setLevel(logging.CRITICAL)
