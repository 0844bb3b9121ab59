"""The server's Celery application: it sends wake-ups to workers and runs the periodic services.

Executing flows is another application, in `orchestrator.worker`; the two share the broker and nothing else.
"""

import os

from celery import Celery
from django.conf import settings

from orchestrator.broker import CELERY_OPTIONS, register

SERVICES_QUEUE = "services"

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
    # Beat looks for changed schedules at this pace; none of ours is more often than once a second.
    beat_max_loop_interval=5,
)
# Threads of the HTTP pool must find this application too, not only the one that imported it.
app.set_default()
app.autodiscover_tasks()
