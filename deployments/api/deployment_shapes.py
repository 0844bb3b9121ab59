"""What answers about deployments and schedules look like."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from deployments.models import Deployment
from orchestrator.rest.answering import Shape
from orchestrator.rest.bodies import Labels
from runs.api.concurrency_bodies import ConcurrencyOptions
from runs.api.concurrency_shapes import GlobalConcurrencyLimitResponse
from runs.api.shapes import CreatedBy


class IntervalSchedule(Shape):
    interval: float
    anchor_date: datetime
    timezone: str | None


class CronSchedule(Shape):
    cron: str
    timezone: str | None
    day_or: bool


class RRuleSchedule(Shape):
    rrule: str
    timezone: str | None


class DeploymentSchedule(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    deployment_id: UUID | None
    schedule: IntervalSchedule | CronSchedule | RRuleSchedule
    active: bool
    max_scheduled_runs: int | None
    parameters: dict[str, Any]
    slug: str | None
    problem: str | None  # why its times cannot be worked out


class CatchUp(Shape):
    policy: Literal["planned", "all", "latest", "max_age", "none"]
    max_age_seconds: float | None


class UpdatedBy(Shape):
    id: UUID | None
    type: str | None
    display_value: str | None


class DeploymentResponse(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    name: str
    version: str | None
    description: str | None
    flow_id: UUID
    paused: bool
    schedules: list[DeploymentSchedule]
    concurrency_limit: int | None
    global_concurrency_limit: GlobalConcurrencyLimitResponse | None
    concurrency_options: ConcurrencyOptions | None
    job_variables: dict[str, Any]
    parameters: dict[str, Any]
    tags: list[str]
    labels: Labels
    work_queue_name: str | None
    work_queue_id: UUID | None
    last_polled: datetime | None
    parameter_openapi_schema: dict[str, Any] | None
    path: str | None
    pull_steps: list[dict[str, Any]] | None
    entrypoint: str | None
    storage_document_id: UUID | None
    infrastructure_document_id: UUID | None
    created_by: CreatedBy | None
    updated_by: UpdatedBy | None
    work_pool_name: str | None
    status: Deployment.Status | None
    enforce_parameter_schema: bool
    catch_up: CatchUp


class DeploymentBulkDeleteResponse(Shape):
    deleted: list[UUID]


class FlowRunCreateResult(Shape):
    flow_run_id: UUID | None
    status: Literal["CREATED", "FAILED"]
    error: str | None


class FlowRunBulkCreateResponse(Shape):
    results: list[FlowRunCreateResult]
