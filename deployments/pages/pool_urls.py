"""The addresses of work pools, their queues and workers, and what can be done to them."""

from django.urls import re_path

from deployments.pages import (
    pool_actions,
    pool_defaults,
    pool_form,
    queue_actions,
    work_pool,
    work_pool_list,
    work_queue,
    worker,
)

ID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
POOL = r"^work-pools/work-pool/(?P<name>[^/]+)"
QUEUE = rf"{POOL}/queue/(?P<queue_name>[^/]+)"
WORKER = rf"{POOL}/worker/(?P<worker_name>[^/]+)"

urlpatterns = [
    re_path(r"^work-pools/?$", work_pool_list.work_pool_list, name="work-pools"),
    re_path(r"^work-pools/new/?$", pool_form.new_work_pool, name="new-work-pool"),
    re_path(rf"^work-queues/work-queue/(?P<queue_id>{ID})/?$", work_pool.work_queue_by_id),
    re_path(rf"{POOL}/?$", work_pool.work_pool, name="work-pool"),
    re_path(rf"{POOL}/edit/?$", pool_form.edit_work_pool, name="edit-work-pool"),
    re_path(rf"{POOL}/defaults/?$", pool_defaults.pool_defaults, name="pool-defaults"),
    re_path(rf"{POOL}/pause/?$", pool_actions.pause, name="pause-pool"),
    re_path(rf"{POOL}/resume/?$", pool_actions.resume, name="resume-pool"),
    re_path(rf"{POOL}/drain/?$", pool_actions.drain, name="drain-pool"),
    re_path(rf"{POOL}/limit/?$", pool_actions.set_limit, name="limit-pool"),
    re_path(rf"{POOL}/delete/?$", pool_actions.delete, name="delete-pool"),
    re_path(rf"{POOL}/new-queue/?$", queue_actions.create, name="new-queue"),
    re_path(rf"{QUEUE}/?$", work_queue.work_queue, name="work-queue"),
    re_path(rf"{QUEUE}/pause/?$", queue_actions.pause, name="pause-queue"),
    re_path(rf"{QUEUE}/resume/?$", queue_actions.resume, name="resume-queue"),
    re_path(rf"{QUEUE}/limit/?$", queue_actions.set_limit, name="limit-queue"),
    re_path(rf"{QUEUE}/up/?$", queue_actions.move_up, name="queue-up"),
    re_path(rf"{QUEUE}/down/?$", queue_actions.move_down, name="queue-down"),
    re_path(rf"{QUEUE}/delete/?$", queue_actions.delete, name="delete-queue"),
    re_path(rf"{WORKER}/?$", worker.worker, name="worker"),
    re_path(rf"{WORKER}/forget/?$", pool_actions.forget_worker, name="forget-worker"),
]
