"""What type checkers see of `thing_filters.py`. `python -m tests.sdk.server_client.test_form_stubs` writes it."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Literal, TypeAlias

from orchestrator.sdk.server_client.forms import Form

_Many: TypeAlias = list[Any] | tuple[Any, ...] | set[Any] | frozenset[Any]
_Operator: TypeAlias = Enum | Literal["and_", "or_"]

class BlockTypeFilterName(Form):
    like_: str | None
    def __init__(self, *, like_: str | None = None) -> None: ...

class BlockTypeFilterSlug(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class BlockTypeFilter(Form):
    name: BlockTypeFilterName | None
    slug: BlockTypeFilterSlug | None
    def __init__(
        self,
        *,
        name: BlockTypeFilterName | Mapping[str, Any] | None = None,
        slug: BlockTypeFilterSlug | Mapping[str, Any] | None = None,
    ) -> None: ...

class BlockSchemaFilterBlockTypeId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class BlockSchemaFilterId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class BlockSchemaFilterCapabilities(Form):
    all_: list[Any] | None
    def __init__(self, *, all_: _Many | None = None) -> None: ...

class BlockSchemaFilterVersion(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class BlockSchemaFilter(Form):
    operator: str | None
    block_type_id: BlockSchemaFilterBlockTypeId | None
    block_capabilities: BlockSchemaFilterCapabilities | None
    id: BlockSchemaFilterId | None
    version: BlockSchemaFilterVersion | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        block_type_id: BlockSchemaFilterBlockTypeId | Mapping[str, Any] | None = None,
        block_capabilities: BlockSchemaFilterCapabilities | Mapping[str, Any] | None = None,
        id: BlockSchemaFilterId | Mapping[str, Any] | None = None,
        version: BlockSchemaFilterVersion | Mapping[str, Any] | None = None,
    ) -> None: ...

class BlockDocumentFilterIsAnonymous(Form):
    eq_: bool | None
    def __init__(self, *, eq_: bool | None = None) -> None: ...

class BlockDocumentFilterBlockTypeId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class BlockDocumentFilterId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class BlockDocumentFilterName(Form):
    any_: list[Any] | None
    like_: str | None
    def __init__(self, *, any_: _Many | None = None, like_: str | None = None) -> None: ...

class BlockDocumentFilter(Form):
    operator: str | None
    id: BlockDocumentFilterId | None
    is_anonymous: BlockDocumentFilterIsAnonymous | None
    block_type_id: BlockDocumentFilterBlockTypeId | None
    name: BlockDocumentFilterName | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        id: BlockDocumentFilterId | Mapping[str, Any] | None = None,
        is_anonymous: BlockDocumentFilterIsAnonymous | Mapping[str, Any] | None = None,
        block_type_id: BlockDocumentFilterBlockTypeId | Mapping[str, Any] | None = None,
        name: BlockDocumentFilterName | Mapping[str, Any] | None = None,
    ) -> None: ...

class WorkQueueFilterId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class WorkQueueFilterName(Form):
    any_: list[Any] | None
    startswith_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None, startswith_: _Many | None = None) -> None: ...

class WorkQueueFilter(Form):
    operator: str | None
    id: WorkQueueFilterId | None
    name: WorkQueueFilterName | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        id: WorkQueueFilterId | Mapping[str, Any] | None = None,
        name: WorkQueueFilterName | Mapping[str, Any] | None = None,
    ) -> None: ...

class WorkPoolFilterId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class WorkPoolFilterName(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class WorkPoolFilterType(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class WorkPoolFilter(Form):
    operator: str | None
    id: WorkPoolFilterId | None
    name: WorkPoolFilterName | None
    type: WorkPoolFilterType | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        id: WorkPoolFilterId | Mapping[str, Any] | None = None,
        name: WorkPoolFilterName | Mapping[str, Any] | None = None,
        type: WorkPoolFilterType | Mapping[str, Any] | None = None,
    ) -> None: ...

class WorkerFilterLastHeartbeatTime(Form):
    before_: str | None
    after_: str | None
    def __init__(self, *, before_: datetime | str | None = None, after_: datetime | str | None = None) -> None: ...

class WorkerFilterStatus(Form):
    any_: list[Any] | None
    not_any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None, not_any_: _Many | None = None) -> None: ...

class WorkerFilter(Form):
    operator: str | None
    last_heartbeat_time: WorkerFilterLastHeartbeatTime | None
    status: WorkerFilterStatus | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        last_heartbeat_time: WorkerFilterLastHeartbeatTime | Mapping[str, Any] | None = None,
        status: WorkerFilterStatus | Mapping[str, Any] | None = None,
    ) -> None: ...

class ArtifactFilterId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class ArtifactFilterKey(Form):
    any_: list[Any] | None
    like_: str | None
    exists_: bool | None
    def __init__(self, *, any_: _Many | None = None, like_: str | None = None, exists_: bool | None = None) -> None: ...

class ArtifactFilterFlowRunId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class ArtifactFilterTaskRunId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class ArtifactFilterType(Form):
    any_: list[Any] | None
    not_any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None, not_any_: _Many | None = None) -> None: ...

class ArtifactFilter(Form):
    operator: str | None
    id: ArtifactFilterId | None
    key: ArtifactFilterKey | None
    flow_run_id: ArtifactFilterFlowRunId | None
    task_run_id: ArtifactFilterTaskRunId | None
    type: ArtifactFilterType | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        id: ArtifactFilterId | Mapping[str, Any] | None = None,
        key: ArtifactFilterKey | Mapping[str, Any] | None = None,
        flow_run_id: ArtifactFilterFlowRunId | Mapping[str, Any] | None = None,
        task_run_id: ArtifactFilterTaskRunId | Mapping[str, Any] | None = None,
        type: ArtifactFilterType | Mapping[str, Any] | None = None,
    ) -> None: ...

class ArtifactCollectionFilterLatestId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class ArtifactCollectionFilterKey(Form):
    any_: list[Any] | None
    like_: str | None
    exists_: bool | None
    def __init__(self, *, any_: _Many | None = None, like_: str | None = None, exists_: bool | None = None) -> None: ...

class ArtifactCollectionFilterFlowRunId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class ArtifactCollectionFilterTaskRunId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class ArtifactCollectionFilterType(Form):
    any_: list[Any] | None
    not_any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None, not_any_: _Many | None = None) -> None: ...

class ArtifactCollectionFilter(Form):
    operator: str | None
    latest_id: ArtifactCollectionFilterLatestId | None
    key: ArtifactCollectionFilterKey | None
    flow_run_id: ArtifactCollectionFilterFlowRunId | None
    task_run_id: ArtifactCollectionFilterTaskRunId | None
    type: ArtifactCollectionFilterType | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        latest_id: ArtifactCollectionFilterLatestId | Mapping[str, Any] | None = None,
        key: ArtifactCollectionFilterKey | Mapping[str, Any] | None = None,
        flow_run_id: ArtifactCollectionFilterFlowRunId | Mapping[str, Any] | None = None,
        task_run_id: ArtifactCollectionFilterTaskRunId | Mapping[str, Any] | None = None,
        type: ArtifactCollectionFilterType | Mapping[str, Any] | None = None,
    ) -> None: ...

class VariableFilterId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class VariableFilterName(Form):
    any_: list[Any] | None
    like_: str | None
    def __init__(self, *, any_: _Many | None = None, like_: str | None = None) -> None: ...

class VariableFilterTags(Form):
    operator: str | None
    all_: list[Any] | None
    is_null_: bool | None
    def __init__(
        self, *, operator: _Operator | None = None, all_: _Many | None = None, is_null_: bool | None = None
    ) -> None: ...

class VariableFilter(Form):
    operator: str | None
    id: VariableFilterId | None
    name: VariableFilterName | None
    tags: VariableFilterTags | None
    def __init__(
        self,
        *,
        operator: _Operator | None = None,
        id: VariableFilterId | Mapping[str, Any] | None = None,
        name: VariableFilterName | Mapping[str, Any] | None = None,
        tags: VariableFilterTags | Mapping[str, Any] | None = None,
    ) -> None: ...

class AutomationFilterId(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class AutomationFilterCreated(Form):
    before_: str | None
    def __init__(self, *, before_: datetime | str | None = None) -> None: ...

class AutomationFilterName(Form):
    any_: list[Any] | None
    def __init__(self, *, any_: _Many | None = None) -> None: ...

class AutomationFilterTags(Form):
    all_: list[Any] | None
    any_: list[Any] | None
    is_null_: bool | None
    def __init__(
        self, *, all_: _Many | None = None, any_: _Many | None = None, is_null_: bool | None = None
    ) -> None: ...

class AutomationFilter(Form):
    id: AutomationFilterId | None
    name: AutomationFilterName | None
    created: AutomationFilterCreated | None
    tags: AutomationFilterTags | None
    def __init__(
        self,
        *,
        id: AutomationFilterId | Mapping[str, Any] | None = None,
        name: AutomationFilterName | Mapping[str, Any] | None = None,
        created: AutomationFilterCreated | Mapping[str, Any] | None = None,
        tags: AutomationFilterTags | Mapping[str, Any] | None = None,
    ) -> None: ...

class EventOccurredFilter(Form):
    since: str | None
    until: str | None
    def __init__(self, *, since: datetime | str | None = None, until: datetime | str | None = None) -> None: ...

class EventNameFilter(Form):
    prefix: list[Any] | None
    exclude_prefix: list[Any] | None
    name: list[Any] | None
    exclude_name: list[Any] | None
    def __init__(
        self,
        *,
        prefix: _Many | None = None,
        exclude_prefix: _Many | None = None,
        name: _Many | None = None,
        exclude_name: _Many | None = None,
    ) -> None: ...

class EventResourceFilter(Form):
    id: list[Any] | None
    id_prefix: list[Any] | None
    labels: Any
    distinct: bool | None
    def __init__(
        self,
        *,
        id: _Many | None = None,
        id_prefix: _Many | None = None,
        labels: Any = None,
        distinct: bool | None = None,
    ) -> None: ...

class EventRelatedFilter(Form):
    id: list[Any] | None
    role: list[Any] | None
    resources_in_roles: list[Any] | None
    labels: Any
    def __init__(
        self,
        *,
        id: _Many | None = None,
        role: _Many | None = None,
        resources_in_roles: _Many | None = None,
        labels: Any = None,
    ) -> None: ...

class EventAnyResourceFilter(Form):
    id: list[Any] | None
    id_prefix: list[Any] | None
    labels: Any
    def __init__(self, *, id: _Many | None = None, id_prefix: _Many | None = None, labels: Any = None) -> None: ...

class EventIDFilter(Form):
    id: list[Any] | None
    def __init__(self, *, id: _Many | None = None) -> None: ...

class EventTextFilter(Form):
    query: str | None
    def __init__(self, *, query: str | None = None) -> None: ...

class EventFilter(Form):
    occurred: EventOccurredFilter | None
    event: EventNameFilter | None
    resource: EventResourceFilter | None
    related: EventRelatedFilter | list[EventRelatedFilter] | None
    any_resource: EventAnyResourceFilter | list[EventAnyResourceFilter] | None
    id: EventIDFilter | None
    text: EventTextFilter | None
    order: Any
    def __init__(
        self,
        *,
        occurred: EventOccurredFilter | Mapping[str, Any] | None = None,
        event: EventNameFilter | Mapping[str, Any] | None = None,
        resource: EventResourceFilter | Mapping[str, Any] | None = None,
        related: EventRelatedFilter | Mapping[str, Any] | list[Any] | tuple[Any, ...] | None = None,
        any_resource: EventAnyResourceFilter | Mapping[str, Any] | list[Any] | tuple[Any, ...] | None = None,
        id: EventIDFilter | Mapping[str, Any] | None = None,
        text: EventTextFilter | Mapping[str, Any] | None = None,
        order: Any = None,
    ) -> None: ...
