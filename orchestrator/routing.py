"""Every address of the server's websockets."""

from django.urls import path, re_path

from deployments.consumers import WorkerChannel
from orchestrator.live.consumers import EventsIn, EventsOut
from orchestrator.live.page_socket import PageSocket
from orchestrator.live.sockets import UnknownAddress
from runs.consumers import LogsOut
from runs.task_socket import ScheduledTaskRuns

websocket_urlpatterns = [
    path("api/events/in", EventsIn.as_asgi()),
    path("api/events/out", EventsOut.as_asgi()),
    path("api/logs/out", LogsOut.as_asgi()),
    path("api/task_runs/subscriptions/scheduled", ScheduledTaskRuns.as_asgi()),
    path("api/work_pools/<str:pool_name>/workers/connect", WorkerChannel.as_asgi()),
    path("ws/live", PageSocket.as_asgi()),
    re_path("", UnknownAddress.as_asgi()),
]
