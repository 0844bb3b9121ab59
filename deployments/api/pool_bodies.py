"""What requests about pools, queues and workers carry."""

from __future__ import annotations

import re
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from deployments.api.filters import WorkerFilter, WorkPoolFilter, WorkQueueFilter
from deployments.api.names import UsableName
from deployments.models import Worker
from orchestrator.rest.bodies import Body, Envelope, Name, Number, Time
from orchestrator.rest.json import dump
from orchestrator.rest.paging import Limit, Offset, Page

_PLACEHOLDER = re.compile(r"{{\s*([\w\-.\[\]$]+)\s*}}")


def _usable_template(template: dict[str, Any] | None) -> dict[str, Any] | None:
    if not template:
        return template
    configuration, variables = template.get("job_configuration"), template.get("variables")
    if not configuration or not variables:
        raise ValueError("The `base_job_template` must contain both a `job_configuration` key and a `variables` key.")
    properties = variables.get("properties", {}) if isinstance(variables, dict) else None
    if not isinstance(configuration, dict) or not isinstance(properties, dict):
        raise ValueError("`job_configuration`, `variables` and its `properties` must be objects.")
    used = _PLACEHOLDER.findall(dump(configuration).decode())
    missing = sorted(set(used) - set(properties))
    if missing:
        raise ValueError(
            "Every variable of the job configuration must be declared in the variables schema. "
            f"The following are undeclared: {', '.join(missing)}."
        )
    return template


Template = Annotated[dict[str, Any], AfterValidator(_usable_template)]
AtLeastZero = Annotated[Number, Field(ge=0)]
Positive = Annotated[Number, Field(gt=0)]
TextOrEmpty = Annotated[str | None, AfterValidator(lambda text: text or "")]


class WorkPoolStorageConfiguration(Body):
    bundle_upload_step: dict[str, Any] | None = None
    bundle_execution_step: dict[str, Any] | None = None
    default_result_storage_block_id: UUID | None = None

    def stored(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_unset=True)


class WorkPoolCreate(Body):
    name: Name
    type: str = "prefect-agent"
    description: str | None = None
    base_job_template: Template = {}
    is_paused: bool = False
    concurrency_limit: AtLeastZero | None = None
    storage_configuration: WorkPoolStorageConfiguration = WorkPoolStorageConfiguration()

    def columns(self) -> dict[str, Any]:
        given = self.given()
        return {**given, "type": self.type, "storage_configuration": self.storage_configuration.stored()}


class WorkPoolUpdate(Body):
    description: str | None = None
    is_paused: bool | None = None
    base_job_template: Template | None = None
    concurrency_limit: AtLeastZero | None = None
    storage_configuration: WorkPoolStorageConfiguration | None = None

    def changes(self) -> dict[str, Any]:
        changes = self.given()
        if self.storage_configuration is not None:
            changes["storage_configuration"] = self.storage_configuration.stored()
        # For these null means "as it was".
        keep = ("is_paused", "base_job_template", "storage_configuration")
        return {key: value for key, value in changes.items() if value is not None or key not in keep}


class QueueFilter(Body):
    """The runs of a queue by tags and deployments, from the time before work pools."""

    model_config = ConfigDict(extra="ignore")

    tags: list[str] | None = None
    deployment_ids: list[UUID] | None = None


class _QueueColumns(Body):
    concurrency_limit: AtLeastZero | None = None
    priority: Positive | None = None
    filter: QueueFilter | None = None

    def columns(self) -> dict[str, Any]:
        """What was sent. A priority that is null was not."""
        given = self.given()
        if self.filter is not None:
            given["filter"] = self.filter.model_dump(mode="json")
        return {key: value for key, value in given.items() if value is not None or key not in ("priority", "name")}


class WorkQueueCreate(_QueueColumns):
    name: Name
    description: TextOrEmpty = ""
    is_paused: bool = False


class WorkQueueUpdate(_QueueColumns):
    name: UsableName | None = None
    description: TextOrEmpty = None
    is_paused: bool = False
    last_polled: Time | None = None


class PoolCount(Envelope):
    work_pools: WorkPoolFilter = None  # type: ignore[valid-type]


class QueueSearch(Envelope):
    work_queues: WorkQueueFilter = None  # type: ignore[valid-type]
    limit: Limit = None  # type: ignore[assignment]
    offset: Offset = 0


class WorkerSearch(Envelope):
    workers: WorkerFilter = None  # type: ignore[valid-type]
    limit: Limit = None  # type: ignore[assignment]
    offset: Offset = 0


class ScheduledRunsAsked(Envelope):
    """Which waiting runs a worker asks for. No queue names mean every queue."""

    work_queue_names: list[str] = []
    scheduled_before: Time = None  # type: ignore[assignment]
    scheduled_after: Time = None  # type: ignore[assignment]
    limit: Limit = None  # type: ignore[assignment]


class QueueRunsAsked(Envelope):
    scheduled_before: Time = None  # type: ignore[assignment]
    limit: Limit = None  # type: ignore[assignment]


class SlotsAsked(Envelope):
    page: Page = 1
    limit: Limit = None  # type: ignore[assignment]


class PoolSlotsAsked(SlotsAsked):
    flow_run_limit: Annotated[int, Field(ge=0, le=200)] = 10


# A worker that names no time to come has the usual one.
_NoneUnlessPositive = BeforeValidator(lambda seconds: None if isinstance(seconds, int) and seconds <= 0 else seconds)


class Heartbeat(Envelope):
    """What stands below the interval is told by our own workers. `leaving`: it takes no more runs, and is offline."""

    name: str
    heartbeat_interval_seconds: Annotated[Number | None, _NoneUnlessPositive] = None
    work_queue_names: list[str] | None = None
    concurrency: Annotated[Number, Field(ge=0)] | None = None
    broker_state: Worker.BrokerState | None = None
    last_probe_age_seconds: Annotated[float, Field(ge=0, lt=10**9)] | None = None
    leaving: bool = False
    metadata: dict[str, Any] | None = None

    def news(self) -> dict[str, Any]:
        names = ("work_queue_names", "concurrency", "broker_state", "last_probe_age_seconds", "leaving", "metadata")
        return {name: getattr(self, name) for name in names}
