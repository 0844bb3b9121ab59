"""The server's Celery application: it sends wake-ups to workers and runs the periodic services.

Executing flows is another application, in `orchestrator.worker`; the two share the broker and nothing else.
"""

import os
import sys
from typing import Any

from celery import Celery, Task
from celery.signals import task_prerun, worker_ready
from django.conf import settings
from django.db import close_old_connections, connections

from orchestrator.broker import CELERY_OPTIONS, register
from orchestrator.garbage import look_rarely

SERVICES_QUEUE = "services"
# How often a services worker that nobody called looks for messages, and whether it is to stop: an idle server is quiet.
IDLE_LOOK_SECONDS = 0.5

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.settings")
register()

app = Celery("orchestrator", broker=settings.BROKER_URL)
app.conf.update(
    CELERY_OPTIONS,
    task_default_queue=SERVICES_QUEUE,
    task_default_routing_key=SERVICES_QUEUE,
    # A service that is cut short runs again a moment later by itself: redelivery would only pile up.
    task_acks_late=False,
    beat_scheduler="orchestrator.beat:CalmScheduler",
    broker_transport_options={
        **CELERY_OPTIONS["broker_transport_options"],
        "longest_wait_seconds": IDLE_LOOK_SECONDS,
        "look_seconds": IDLE_LOOK_SECONDS,
    },
    # Beat looks for changed schedules at this pace; none of ours is more often than once a second.
    beat_max_loop_interval=5,
    # Celery would close the threads' connections around each of its tasks, hundreds of times a minute.
    CELERY_DB_REUSE_MAX=sys.maxsize,
)
# Threads of the HTTP pool must find this application too, not only the one that imported it.
app.set_default()
app.autodiscover_tasks()


@task_prerun.connect
def keep_good_connections(task: Task, **_: Any) -> None:
    """The threads keep their connections to the database as those of the web server do, but for one that is broken.

    On a database in another process the next run asks first whether the connection still holds: it may be long ago.
    """
    if task.request.is_eager:
        return
    for connection in connections.all(initialized_only=True):
        connection.health_check_enabled = connection.vendor != "sqlite"
    close_old_connections()


@worker_ready.connect
def settle(**_: Any) -> None:
    look_rarely()
