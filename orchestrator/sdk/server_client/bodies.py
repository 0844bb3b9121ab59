"""What is made or changed: under the names that Prefect's have. The methods of a client take plain dicts as well.

What type checkers see is in `bodies.pyi`, which is made from this.
"""

from __future__ import annotations

from orchestrator.sdk.server_client.forms import ANYTHING, Form, form


def _body(name: str, about: str, *fields: str) -> type[Form]:
    return form(name, about, sends_none=True, **dict.fromkeys(fields, ANYTHING))


_POOL = ("description", "is_paused", "base_job_template", "concurrency_limit")
_QUEUE = ("name", "description", "is_paused", "concurrency_limit", "priority")
_SCHEDULE = ("schedule", "active", "max_scheduled_runs", "parameters", "slug", "replaces")
_LIMIT = ("name", "limit", "active", "active_slots", "slot_decay_per_second")

DeploymentScheduleCreate = _body("DeploymentScheduleCreate", "A schedule for a deployment.", *_SCHEDULE)
DeploymentScheduleUpdate = _body("DeploymentScheduleUpdate", "Changes of a schedule.", *_SCHEDULE)
DeploymentUpdate = _body(
    "DeploymentUpdate",
    "Changes of a deployment.",
    "version",
    "version_info",
    "description",
    "parameters",
    "paused",
    "schedules",
    "concurrency_limit",
    "concurrency_options",
    "tags",
    "work_queue_name",
    "work_pool_name",
    "path",
    "job_variables",
    "entrypoint",
    "storage_document_id",
    "infrastructure_document_id",
    "enforce_parameter_schema",
    "parameter_openapi_schema",
    "pull_steps",
)
WorkPoolCreate = _body("WorkPoolCreate", "A work pool to make.", "name", "type", *_POOL)
WorkPoolUpdate = _body("WorkPoolUpdate", "Changes of a work pool.", *_POOL)
WorkQueueCreate = _body("WorkQueueCreate", "A work queue to make.", *_QUEUE)
WorkQueueUpdate = _body("WorkQueueUpdate", "Changes of a work queue.", *_QUEUE)
VariableCreate = _body("VariableCreate", "A variable to make.", "name", "value", "tags")
VariableUpdate = _body("VariableUpdate", "Changes of a variable, found by its name.", "name", "value", "tags")
GlobalConcurrencyLimitCreate = _body("GlobalConcurrencyLimitCreate", "A concurrency limit to make.", *_LIMIT)
GlobalConcurrencyLimitUpdate = _body("GlobalConcurrencyLimitUpdate", "Changes of a concurrency limit.", *_LIMIT)
LogCreate = _body(
    "LogCreate", "A log line of a run.", "name", "level", "message", "timestamp", "flow_run_id", "task_run_id"
)
ArtifactCreate = _body(
    "ArtifactCreate",
    "An artifact to make.",
    "key",
    "type",
    "description",
    "data",
    "metadata_",
    "flow_run_id",
    "task_run_id",
)
ArtifactUpdate = _body("ArtifactUpdate", "Changes of an artifact.", "data", "description", "metadata_")
