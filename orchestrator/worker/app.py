"""The Celery application that executes flow runs."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, signals

from orchestrator.broker import CELERY_OPTIONS, register
from orchestrator.worker.children import prepare_child
from orchestrator.worker.losses import RunRequest
from orchestrator.worker.probing import Probe
from orchestrator.worker.settings import WorkerSettings

TASK_NAME = "orchestrator.execute"
LOST_CHILD_SECONDS = 0.3  # how long a dead child's result may still be in the pipe


def worker_app(settings: WorkerSettings) -> Celery:
    """A Celery application that runs the wake-ups of one work pool."""
    register()
    # Without fixups: Celery would set Django up if a variable of the environment names its settings.
    app = Celery("orchestrator.worker", broker=settings.broker_url, fixups=[])
    app.conf.update(CELERY_OPTIONS)
    app.conf.update(worker_lost_wait=LOST_CHILD_SECONDS, worker_proc_alive_timeout=30.0)
    RunRequest.settings = settings

    @app.task(name=TASK_NAME, Request=RunRequest, shared=False)
    def execute(flow_run_id: str, pool: str | None = None, **_: Any) -> str:
        """Nothing in the message is trusted but the id: what to run is asked of the API."""
        from orchestrator.worker.executing import execute_run

        return execute_run(flow_run_id=flow_run_id, settings=settings)

    worker = os.getpid()

    @signals.worker_process_init.connect(weak=False)
    def on_child(**_: Any) -> None:
        prepare_child(worker)

    app.register_task(Probe())
    return app
