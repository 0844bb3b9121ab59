"""The subflows of runs: flow runs whose parent is a task run of theirs."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from orchestrator.rest.lookups import AmongFound
from runs.models import FlowRun, TaskRun
from runs.models.flow_runs import FlowRunQuerySet


def subflows_of(run_ids: Iterable[UUID]) -> FlowRunQuerySet:
    return FlowRun.objects.filter(is_subflow_of(run_ids))


def is_subflow_of(run_ids: Iterable[UUID]) -> Q:
    """As a condition on flow runs.

    A run has few task runs among the millions that there may be. PostgreSQL would join both tables instead, and read
    every subflow that there is.
    """
    tasks = TaskRun.objects.filter(flow_run__in=list(run_ids)).order_by()
    return Q(AmongFound("parent_task_run", tasks.values("pk")))
