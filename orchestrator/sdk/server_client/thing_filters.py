"""Which work pools, blocks, artifacts, variables, automations and events are meant; see `run_filters.py`."""

from __future__ import annotations

from orchestrator.sdk.server_client.forms import ANYTHING, LIST, MOMENT, OPERATOR, TEXT, YES_OR_NO, form, one_or_many

BlockTypeFilterName = form("BlockTypeFilterName", "Which block types, by name.", like_=TEXT)
BlockTypeFilterSlug = form("BlockTypeFilterSlug", "Which block types, by slug.", any_=LIST)
BlockTypeFilter = form("BlockTypeFilter", "Which block types.", name=BlockTypeFilterName, slug=BlockTypeFilterSlug)
BlockSchemaFilterBlockTypeId = form("BlockSchemaFilterBlockTypeId", "Which block schemas, by block type id.", any_=LIST)
BlockSchemaFilterId = form("BlockSchemaFilterId", "Which block schemas, by id.", any_=LIST)
BlockSchemaFilterCapabilities = form(
    "BlockSchemaFilterCapabilities", "Which block schemas, by capabilities.", all_=LIST
)
BlockSchemaFilterVersion = form("BlockSchemaFilterVersion", "Which block schemas, by version.", any_=LIST)
BlockSchemaFilter = form(
    "BlockSchemaFilter",
    "Which block schemas.",
    operator=OPERATOR,
    block_type_id=BlockSchemaFilterBlockTypeId,
    block_capabilities=BlockSchemaFilterCapabilities,
    id=BlockSchemaFilterId,
    version=BlockSchemaFilterVersion,
)
BlockDocumentFilterIsAnonymous = form("BlockDocumentFilterIsAnonymous", "Which blocks, by is anonymous.", eq_=YES_OR_NO)
BlockDocumentFilterBlockTypeId = form("BlockDocumentFilterBlockTypeId", "Which blocks, by block type id.", any_=LIST)
BlockDocumentFilterId = form("BlockDocumentFilterId", "Which blocks, by id.", any_=LIST)
BlockDocumentFilterName = form("BlockDocumentFilterName", "Which blocks, by name.", any_=LIST, like_=TEXT)
BlockDocumentFilter = form(
    "BlockDocumentFilter",
    "Which blocks.",
    operator=OPERATOR,
    id=BlockDocumentFilterId,
    is_anonymous=BlockDocumentFilterIsAnonymous,
    block_type_id=BlockDocumentFilterBlockTypeId,
    name=BlockDocumentFilterName,
)
WorkQueueFilterId = form("WorkQueueFilterId", "Which work queues, by id.", any_=LIST)
WorkQueueFilterName = form("WorkQueueFilterName", "Which work queues, by name.", any_=LIST, startswith_=LIST)
WorkQueueFilter = form(
    "WorkQueueFilter", "Which work queues.", operator=OPERATOR, id=WorkQueueFilterId, name=WorkQueueFilterName
)
WorkPoolFilterId = form("WorkPoolFilterId", "Which work pools, by id.", any_=LIST)
WorkPoolFilterName = form("WorkPoolFilterName", "Which work pools, by name.", any_=LIST)
WorkPoolFilterType = form("WorkPoolFilterType", "Which work pools, by type.", any_=LIST)
WorkPoolFilter = form(
    "WorkPoolFilter",
    "Which work pools.",
    operator=OPERATOR,
    id=WorkPoolFilterId,
    name=WorkPoolFilterName,
    type=WorkPoolFilterType,
)
WorkerFilterWorkPoolId = form("WorkerFilterWorkPoolId", "Which workers, by work pool id.", any_=LIST)
WorkerFilterLastHeartbeatTime = form(
    "WorkerFilterLastHeartbeatTime", "Which workers, by last heartbeat time.", before_=MOMENT, after_=MOMENT
)
WorkerFilterStatus = form("WorkerFilterStatus", "Which workers, by status.", any_=LIST, not_any_=LIST)
WorkerFilter = form(
    "WorkerFilter",
    "Which workers.",
    operator=OPERATOR,
    last_heartbeat_time=WorkerFilterLastHeartbeatTime,
    status=WorkerFilterStatus,
)
ArtifactFilterId = form("ArtifactFilterId", "Which artifacts, by id.", any_=LIST)
ArtifactFilterKey = form("ArtifactFilterKey", "Which artifacts, by key.", any_=LIST, like_=TEXT, exists_=YES_OR_NO)
ArtifactFilterFlowRunId = form("ArtifactFilterFlowRunId", "Which artifacts, by flow run id.", any_=LIST)
ArtifactFilterTaskRunId = form("ArtifactFilterTaskRunId", "Which artifacts, by task run id.", any_=LIST)
ArtifactFilterType = form("ArtifactFilterType", "Which artifacts, by type.", any_=LIST, not_any_=LIST)
ArtifactFilter = form(
    "ArtifactFilter",
    "Which artifacts.",
    operator=OPERATOR,
    id=ArtifactFilterId,
    key=ArtifactFilterKey,
    flow_run_id=ArtifactFilterFlowRunId,
    task_run_id=ArtifactFilterTaskRunId,
    type=ArtifactFilterType,
)
ArtifactCollectionFilterLatestId = form(
    "ArtifactCollectionFilterLatestId", "Which artifacts by key, by latest id.", any_=LIST
)
ArtifactCollectionFilterKey = form(
    "ArtifactCollectionFilterKey", "Which artifacts by key, by key.", any_=LIST, like_=TEXT, exists_=YES_OR_NO
)
ArtifactCollectionFilterFlowRunId = form(
    "ArtifactCollectionFilterFlowRunId", "Which artifacts by key, by flow run id.", any_=LIST
)
ArtifactCollectionFilterTaskRunId = form(
    "ArtifactCollectionFilterTaskRunId", "Which artifacts by key, by task run id.", any_=LIST
)
ArtifactCollectionFilterType = form(
    "ArtifactCollectionFilterType", "Which artifacts by key, by type.", any_=LIST, not_any_=LIST
)
ArtifactCollectionFilter = form(
    "ArtifactCollectionFilter",
    "Which artifacts by key.",
    operator=OPERATOR,
    latest_id=ArtifactCollectionFilterLatestId,
    key=ArtifactCollectionFilterKey,
    flow_run_id=ArtifactCollectionFilterFlowRunId,
    task_run_id=ArtifactCollectionFilterTaskRunId,
    type=ArtifactCollectionFilterType,
)
VariableFilterId = form("VariableFilterId", "Which variables, by id.", any_=LIST)
VariableFilterName = form("VariableFilterName", "Which variables, by name.", any_=LIST, like_=TEXT)
VariableFilterTags = form(
    "VariableFilterTags", "Which variables, by tags.", operator=OPERATOR, all_=LIST, is_null_=YES_OR_NO
)
VariableFilter = form(
    "VariableFilter",
    "Which variables.",
    operator=OPERATOR,
    id=VariableFilterId,
    name=VariableFilterName,
    tags=VariableFilterTags,
)
AutomationFilterId = form("AutomationFilterId", "Which automations, by id.", any_=LIST)
AutomationFilterCreated = form("AutomationFilterCreated", "Which automations, by created.", before_=MOMENT)
AutomationFilterName = form("AutomationFilterName", "Which automations, by name.", any_=LIST)
AutomationFilterTags = form(
    "AutomationFilterTags", "Which automations, by tags.", all_=LIST, any_=LIST, is_null_=YES_OR_NO
)
AutomationFilter = form(
    "AutomationFilter",
    "Which automations.",
    id=AutomationFilterId,
    name=AutomationFilterName,
    created=AutomationFilterCreated,
    tags=AutomationFilterTags,
)
EventOccurredFilter = form("EventOccurredFilter", "Of events, which: by occurred.", since=MOMENT, until=MOMENT)
EventNameFilter = form(
    "EventNameFilter", "Of events, which: by name.", prefix=LIST, exclude_prefix=LIST, name=LIST, exclude_name=LIST
)
EventResourceFilter = form(
    "EventResourceFilter",
    "Of events, which: by resource.",
    id=LIST,
    id_prefix=LIST,
    labels=ANYTHING,
    distinct=YES_OR_NO,
)
EventRelatedFilter = form(
    "EventRelatedFilter", "Of events, which: by related.", id=LIST, role=LIST, resources_in_roles=LIST, labels=ANYTHING
)
EventAnyResourceFilter = form(
    "EventAnyResourceFilter", "Of events, which: by any resource.", id=LIST, id_prefix=LIST, labels=ANYTHING
)
EventIDFilter = form("EventIDFilter", "Of events, which: by id.", id=LIST)
EventTextFilter = form("EventTextFilter", "Of events, which: by text.", query=TEXT)
EventFilter = form(
    "EventFilter",
    "Which events.",
    occurred=EventOccurredFilter,
    event=EventNameFilter,
    resource=EventResourceFilter,
    related=one_or_many(EventRelatedFilter),
    any_resource=one_or_many(EventAnyResourceFilter),
    id=EventIDFilter,
    text=EventTextFilter,
    order=ANYTHING,
)
