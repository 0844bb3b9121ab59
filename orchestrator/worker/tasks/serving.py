"""The task worker itself, from its settings to its end."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from dataclasses import replace
from importlib import import_module
from typing import Any

from celery import Celery, Task, signals

from orchestrator.broker import CELERY_OPTIONS, register
from orchestrator.broker.submissions import RUN_TASK, RUN_TASKS, submissions_in
from orchestrator.sdk.engine.stopping import STOP_SIGNAL
from orchestrator.sdk.errors import SettingError
from orchestrator.worker.children import WARM_MODULES, prepare_child
from orchestrator.worker.probing import Probe, Prober, connect_anew
from orchestrator.worker.settings import WorkerSettings
from orchestrator.worker.starting import celery_worker, set_up_logging
from orchestrator.worker.tasks.executing import execute
from orchestrator.worker.tasks.office import Office, office_here, set_office
from orchestrator.worker.tasks.requests import TaskRequest, tell_of_life
from orchestrator.worker.tasks.stopping import StopTasks
from orchestrator.worker.tasks.together import execute_together

_FLUSH_SECONDS = 2.0


def serve_tasks(settings: WorkerSettings) -> int:
    """Execute submitted tasks until told to stop; returns the exit code."""
    set_up_logging(settings.celery.get("loglevel"))
    os.environ["ORCHESTRATOR_API_URL"] = settings.api_url
    own = replace(settings, name=f"{settings.name}.tasks", concurrency=settings.task_processes, autoscale=None)
    try:
        office = Office(own)
    except (OSError, SettingError) as error:
        print(f"orchestrator worker: {error}", file=sys.stderr)
        return 1
    set_office(office)
    for module in (*WARM_MODULES, "cloudpickle", "orchestrator.sdk.runners.abroad"):
        import_module(module)
    app = _app(own)
    options = {name: value for name, value in own.celery.items() if name.startswith("max_")}
    worker = celery_worker(app, replace(own, celery=options), queues=[office.own_queue, office.queue])
    troubles: list[str] = []

    def end_because(trouble: str) -> None:
        troubles.append(trouble)
        os.kill(os.getpid(), signal.SIGTERM)

    prober = Prober(
        app,
        own,
        reconnect=lambda: connect_anew(worker.consumer),
        give_up=end_because,
        changed=lambda: None,
    )
    app.tasks[Probe.name].came_back = prober.came_back
    signals.worker_ready.connect(lambda **_: prober.start(), weak=False)
    signals.worker_shutting_down.connect(lambda **_: prober.stop(), weak=False)
    ended = threading.Event()
    threading.Thread(target=tell_of_life, args=(office, ended), name="signs-of-life", daemon=True).start()
    gc.collect()
    gc.freeze()  # what is warm now is shared by the children as long as nobody writes to it
    try:
        worker.start()
    finally:
        prober.stop()
        ended.set()
    return 1 if troubles else int(worker.exitcode or 0)


def _app(settings: WorkerSettings) -> Celery:
    register()
    app = Celery("orchestrator.tasks", broker=settings.broker_url, fixups=[])
    app.conf.update(CELERY_OPTIONS)
    app.conf.update(worker_lost_wait=0.3, worker_proc_alive_timeout=30.0)

    @app.task(name=RUN_TASK, Request=TaskRequest, shared=False, bind=True)
    def run_task(self: Task[Any, Any], **submission: Any) -> str:
        delivery = self.request.delivery_info
        redelivered, executes = bool(delivery.get("redelivered")), bool(delivery.get("executes"))
        return execute(office_here(), submission, redelivered=redelivered, executes=executes)

    @app.task(name=RUN_TASKS, Request=TaskRequest, shared=False, bind=True)
    def run_tasks(self: Task[Any, Any], **message: Any) -> str:
        delivery = self.request.delivery_info
        redelivered, executes = bool(delivery.get("redelivered")), bool(delivery.get("executes"))
        return execute_together(office_here(), submissions_in(message), redelivered=redelivered, executes=executes)

    worker = os.getpid()
    signals.worker_process_init.connect(lambda **_: _prepare(worker), weak=False)
    signals.worker_process_shutdown.connect(lambda **_: _deliver(), weak=False)
    app.register_task(Probe())
    app.register_task(StopTasks())
    return app


def _prepare(worker: int) -> None:
    prepare_child(worker)
    signal.signal(STOP_SIGNAL, signal.SIG_IGN)


def _deliver() -> None:
    from orchestrator.sdk.api.client import current_client

    client = current_client()
    if client is not None:
        client.delivery.flush(_FLUSH_SECONDS)
