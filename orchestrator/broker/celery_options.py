"""Celery options that the server's app and the workers' app share, whichever broker carries the messages."""

from typing import Any

from orchestrator.broker.queues import MOST_PRIORITIES

# The exchange "" is the anonymous one: a message goes to the queue that its routing key names, undeclared.
CELERY_OPTIONS: dict[str, Any] = {
    "task_serializer": "json",
    "result_serializer": "json",
    "accept_content": ["json"],
    "enable_utc": True,
    "timezone": "UTC",
    "task_ignore_result": True,
    "result_backend": None,
    "task_default_exchange": "",
    "task_create_missing_queues": True,
    "task_acks_late": True,
    "task_reject_on_worker_lost": False,
    "worker_prefetch_multiplier": 1,
    "worker_send_task_events": False,
    "task_send_sent_event": False,
    "worker_enable_remote_control": False,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,  # for as long as the broker is away
    "broker_transport_options": {
        "longest_wait_seconds": 0.25,  # the embedded broker's own; others ignore it
        # Redis: a list for each priority, and the most urgent one is read first, whichever queue it belongs to.
        "priority_steps": list(range(MOST_PRIORITIES)),
        "queue_order_strategy": "priority",
        # A Redis that vanished without a word must not hold up a worker or a request for ever.
        "socket_timeout": 5,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 5,
    },
    # A wake-up that cannot be sent now is sent again by the sweeper: fail soon rather than hold up a request.
    "broker_connection_timeout": 3,
    "task_publish_retry": True,
    "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0.05, "interval_step": 0.1, "interval_max": 0.2},
}
