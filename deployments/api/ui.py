"""What a list of flows tells of their deployments and of what is planned."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Subquery
from rest_framework.request import Request

from deployments.models import Deployment
from orchestrator.rest.rows import read_rows
from orchestrator.rest.views import ApiView, answers, takes
from runs.api.ui_shapes import FlowIds, SimpleNextFlowRun
from runs.models import Flow, FlowRun

_COLUMNS = ("id", "flow_id", "name", "state_name", "state_type", "next_scheduled_start_time")


class DeploymentsOfFlows(ApiView):
    @takes(FlowIds)
    @answers(dict[UUID, int])
    def post(self, request: Request, body: FlowIds) -> dict[str, int]:
        """The number of deployments of each flow; 0 for those that do not exist."""
        rows = Deployment.objects.filter(flow__in=set(body.flow_ids)).order_by()
        found = dict(rows.values_list("flow_id").annotate(Count("pk")))
        return {str(flow_id): found.get(flow_id, 0) for flow_id in body.flow_ids}


class NextRunsOfFlows(ApiView):
    @takes(FlowIds)
    @answers(dict[UUID, SimpleNextFlowRun | None])
    def post(self, request: Request, body: FlowIds) -> dict[str, Any]:
        """The run of each flow that is planned next; null when nothing is planned."""
        planned = FlowRun.objects.scheduled().filter(flow=OuterRef("pk"), next_scheduled_start_time__isnull=False)
        first = Subquery(planned.order_by("next_scheduled_start_time").values("pk")[:1])
        flows = Flow.objects.filter(pk__in=set(body.flow_ids)).annotate(next_run=first)
        rows = FlowRun.objects.filter(pk__in=flows.values("next_run"))
        found = {row["flow_id"]: row for row in read_rows(rows, _COLUMNS)}
        return {str(flow_id): found.get(str(flow_id)) for flow_id in body.flow_ids}
