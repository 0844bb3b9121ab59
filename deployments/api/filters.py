"""By what deployments, pools, queues and workers can be filtered, and how they hang together with runs."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from deployments.models import Deployment, Worker, WorkPool, WorkQueue
from orchestrator.rest.filters import custom, entity_filter, field, tags, timed
from orchestrator.rest.search import add_entity, link
from runs.models import FlowRun

DeploymentFilter = entity_filter(
    "DeploymentFilter",
    id=field("id", UUID, "any_", "not_any_"),
    name=field("name", str, "any_", "like_"),
    flow_or_deployment_name=custom("like_", str, lambda text: Q(name__icontains=text) | Q(flow__name__icontains=text)),
    paused=field("paused", bool, "eq_"),
    tags=tags("tags", "all_", "any_", "is_null_"),
    work_queue_name=field("work_queue__name", str, "any_"),
    concurrency_limit=field("global_concurrency_limit__limit", int, "ge_", "le_", "is_null_"),
)
WorkPoolFilter = entity_filter(
    "WorkPoolFilter",
    id=field("id", UUID, "any_"),
    name=field("name", str, "any_"),
    type=field("type", str, "any_"),
)
WorkQueueFilter = entity_filter(
    "WorkQueueFilter",
    id=field("id", UUID, "any_"),
    name=field("name", str, "any_", "startswith_"),
)
WorkerFilter = entity_filter(
    "WorkerFilter",
    last_heartbeat_time=timed("last_heartbeat_time", "before_", "after_"),
    status=field("status", Worker.Status, "any_", "not_any_"),
)

DEPLOYMENTS = add_entity(
    "deployments",
    "Deployment",
    model=Deployment,
    filter=DeploymentFilter,
    orders={
        "NAME_ASC": ("name", "id"),
        "NAME_DESC": ("-name", "-id"),
        "CREATED_DESC": ("-created",),
        "UPDATED_DESC": ("-updated",),
    },
    default_order="NAME_ASC",
)
WORK_POOLS = add_entity(
    "work_pools",
    "WorkPool",
    model=WorkPool,
    filter=WorkPoolFilter,
    orders={"NAME_ASC": ("name",)},
    default_order="NAME_ASC",
    alongside=(),
)
WORK_QUEUES = add_entity(
    "work_pool_queues",
    "WorkQueue",
    model=WorkQueue,
    filter=WorkQueueFilter,
    orders={"PRIORITY_ASC": ("work_pool__name", "priority")},
    default_order="PRIORITY_ASC",
    alongside=(),
)
WORKERS = add_entity(
    "workers",
    "Worker",
    model=Worker,
    filter=WorkerFilter,
    orders={"LAST_HEARTBEAT_DESC": ("-last_heartbeat_time", "name")},
    default_order="LAST_HEARTBEAT_DESC",
    alongside=(),
)

link("deployments", "flows", lambda flows: Q(flow__in=flows.values("pk")))
link("deployments", "flow_runs", lambda runs: Q(pk__in=runs.values("deployment_id")))
link(
    "deployments",
    "task_runs",
    lambda tasks: Q(pk__in=FlowRun.objects.filter(pk__in=tasks.values("flow_run_id")).values("deployment_id")),
)
link("deployments", "work_pools", lambda pools: Q(work_queue__work_pool__in=pools.values("pk")))
link("deployments", "work_pool_queues", lambda queues: Q(work_queue__in=queues.values("pk")))

link("flow_runs", "deployments", lambda deployments: Q(deployment__in=deployments.values("pk")))
link("flow_runs", "work_pools", lambda pools: Q(work_queue__work_pool__in=pools.values("pk")))
link("flow_runs", "work_pool_queues", lambda queues: Q(work_queue__in=queues.values("pk")))

link("task_runs", "deployments", lambda deployments: Q(flow_run__deployment__in=deployments.values("pk")))
link("task_runs", "work_pools", lambda pools: Q(flow_run__work_queue__work_pool__in=pools.values("pk")))
link("task_runs", "work_pool_queues", lambda queues: Q(flow_run__work_queue__in=queues.values("pk")))

link("flows", "deployments", lambda deployments: Q(pk__in=deployments.values("flow_id")))
link(
    "flows",
    "work_pools",
    lambda pools: Q(pk__in=Deployment.objects.filter(work_queue__work_pool__in=pools.values("pk")).values("flow_id")),
)
link(
    "flows",
    "work_pool_queues",
    lambda queues: Q(pk__in=Deployment.objects.filter(work_queue__in=queues.values("pk")).values("flow_id")),
)
