"""Which work pools, blocks, artifacts, variables, automations and events are meant; see `run_filters.py`.

What type checkers see is in `thing_filters.pyi`, which is made from this.
"""

from __future__ import annotations

from orchestrator.sdk.server_client.forms import ANYTHING, LIST, MOMENT, OPERATOR, TEXT, YES_OR_NO, Part, form

BlockTypeFilterName = form("BlockTypeFilterName", "Picks block types by name.", like_=TEXT)
BlockTypeFilterSlug = form("BlockTypeFilterSlug", "Picks block types by slug.", any_=LIST)
BlockTypeFilter = form("BlockTypeFilter", "Picks block types.", name=BlockTypeFilterName, slug=BlockTypeFilterSlug)
BlockSchemaFilterBlockTypeId = form("BlockSchemaFilterBlockTypeId", "Picks block schemas by block type id.", any_=LIST)
BlockSchemaFilterId = form("BlockSchemaFilterId", "Picks block schemas by id.", any_=LIST)
BlockSchemaFilterCapabilities = form("BlockSchemaFilterCapabilities", "Picks block schemas by capabilities.", all_=LIST)
BlockSchemaFilterVersion = form("BlockSchemaFilterVersion", "Picks block schemas by version.", any_=LIST)
BlockSchemaFilter = form(
    "BlockSchemaFilter",
    "Picks block schemas.",
    operator=OPERATOR,
    block_type_id=BlockSchemaFilterBlockTypeId,
    block_capabilities=BlockSchemaFilterCapabilities,
    id=BlockSchemaFilterId,
    version=BlockSchemaFilterVersion,
)
BlockDocumentFilterIsAnonymous = form(
    "BlockDocumentFilterIsAnonymous", "Picks blocks by whether they are anonymous.", eq_=YES_OR_NO
)
BlockDocumentFilterBlockTypeId = form("BlockDocumentFilterBlockTypeId", "Picks blocks by block type id.", any_=LIST)
BlockDocumentFilterId = form("BlockDocumentFilterId", "Picks blocks by id.", any_=LIST)
BlockDocumentFilterName = form("BlockDocumentFilterName", "Picks blocks by name.", any_=LIST, like_=TEXT)
BlockDocumentFilter = form(
    "BlockDocumentFilter",
    "Picks blocks.",
    operator=OPERATOR,
    id=BlockDocumentFilterId,
    is_anonymous=BlockDocumentFilterIsAnonymous,
    block_type_id=BlockDocumentFilterBlockTypeId,
    name=BlockDocumentFilterName,
)
WorkQueueFilterId = form("WorkQueueFilterId", "Picks work queues by id.", any_=LIST)
WorkQueueFilterName = form("WorkQueueFilterName", "Picks work queues by name.", any_=LIST, startswith_=LIST)
WorkQueueFilter = form(
    "WorkQueueFilter", "Picks work queues.", operator=OPERATOR, id=WorkQueueFilterId, name=WorkQueueFilterName
)
WorkPoolFilterId = form("WorkPoolFilterId", "Picks work pools by id.", any_=LIST)
WorkPoolFilterName = form("WorkPoolFilterName", "Picks work pools by name.", any_=LIST)
WorkPoolFilterType = form("WorkPoolFilterType", "Picks work pools by type.", any_=LIST)
WorkPoolFilter = form(
    "WorkPoolFilter",
    "Picks work pools.",
    operator=OPERATOR,
    id=WorkPoolFilterId,
    name=WorkPoolFilterName,
    type=WorkPoolFilterType,
)
WorkerFilterLastHeartbeatTime = form(
    "WorkerFilterLastHeartbeatTime", "Picks workers by last heartbeat time.", before_=MOMENT, after_=MOMENT
)
WorkerFilterStatus = form("WorkerFilterStatus", "Picks workers by status.", any_=LIST, not_any_=LIST)
WorkerFilter = form(
    "WorkerFilter",
    "Picks workers.",
    operator=OPERATOR,
    last_heartbeat_time=WorkerFilterLastHeartbeatTime,
    status=WorkerFilterStatus,
)
ArtifactFilterId = form("ArtifactFilterId", "Picks artifacts by id.", any_=LIST)
ArtifactFilterKey = form("ArtifactFilterKey", "Picks artifacts by key.", any_=LIST, like_=TEXT, exists_=YES_OR_NO)
ArtifactFilterFlowRunId = form("ArtifactFilterFlowRunId", "Picks artifacts by flow run id.", any_=LIST)
ArtifactFilterTaskRunId = form("ArtifactFilterTaskRunId", "Picks artifacts by task run id.", any_=LIST)
ArtifactFilterType = form("ArtifactFilterType", "Picks artifacts by type.", any_=LIST, not_any_=LIST)
ArtifactFilter = form(
    "ArtifactFilter",
    "Picks artifacts.",
    operator=OPERATOR,
    id=ArtifactFilterId,
    key=ArtifactFilterKey,
    flow_run_id=ArtifactFilterFlowRunId,
    task_run_id=ArtifactFilterTaskRunId,
    type=ArtifactFilterType,
)
ArtifactCollectionFilterLatestId = form(
    "ArtifactCollectionFilterLatestId", "Picks the latest artifacts of keys by id.", any_=LIST
)
ArtifactCollectionFilterKey = form(
    "ArtifactCollectionFilterKey",
    "Picks the latest artifacts of keys by key.",
    any_=LIST,
    like_=TEXT,
    exists_=YES_OR_NO,
)
ArtifactCollectionFilterFlowRunId = form(
    "ArtifactCollectionFilterFlowRunId", "Picks the latest artifacts of keys by flow run id.", any_=LIST
)
ArtifactCollectionFilterTaskRunId = form(
    "ArtifactCollectionFilterTaskRunId", "Picks the latest artifacts of keys by task run id.", any_=LIST
)
ArtifactCollectionFilterType = form(
    "ArtifactCollectionFilterType", "Picks the latest artifacts of keys by type.", any_=LIST, not_any_=LIST
)
ArtifactCollectionFilter = form(
    "ArtifactCollectionFilter",
    "Picks the latest artifacts of keys.",
    operator=OPERATOR,
    latest_id=ArtifactCollectionFilterLatestId,
    key=ArtifactCollectionFilterKey,
    flow_run_id=ArtifactCollectionFilterFlowRunId,
    task_run_id=ArtifactCollectionFilterTaskRunId,
    type=ArtifactCollectionFilterType,
)
VariableFilterId = form("VariableFilterId", "Picks variables by id.", any_=LIST)
VariableFilterName = form("VariableFilterName", "Picks variables by name.", any_=LIST, like_=TEXT)
VariableFilterTags = form(
    "VariableFilterTags", "Picks variables by tags.", operator=OPERATOR, all_=LIST, is_null_=YES_OR_NO
)
VariableFilter = form(
    "VariableFilter",
    "Picks variables.",
    operator=OPERATOR,
    id=VariableFilterId,
    name=VariableFilterName,
    tags=VariableFilterTags,
)
AutomationFilterId = form("AutomationFilterId", "Picks automations by id.", any_=LIST)
AutomationFilterCreated = form(
    "AutomationFilterCreated", "Picks automations by when they were created.", before_=MOMENT
)
AutomationFilterName = form("AutomationFilterName", "Picks automations by name.", any_=LIST)
AutomationFilterTags = form(
    "AutomationFilterTags", "Picks automations by tags.", all_=LIST, any_=LIST, is_null_=YES_OR_NO
)
AutomationFilter = form(
    "AutomationFilter",
    "Picks automations.",
    id=AutomationFilterId,
    name=AutomationFilterName,
    created=AutomationFilterCreated,
    tags=AutomationFilterTags,
)
EventOccurredFilter = form("EventOccurredFilter", "Picks events by when they occurred.", since=MOMENT, until=MOMENT)
EventNameFilter = form(
    "EventNameFilter", "Picks events by name.", prefix=LIST, exclude_prefix=LIST, name=LIST, exclude_name=LIST
)
EventResourceFilter = form(
    "EventResourceFilter",
    "Picks events by resource.",
    id=LIST,
    id_prefix=LIST,
    labels=ANYTHING,
    distinct=YES_OR_NO,
)
EventRelatedFilter = form(
    "EventRelatedFilter",
    "Picks events by related resources.",
    id=LIST,
    role=LIST,
    resources_in_roles=LIST,
    labels=ANYTHING,
)
EventAnyResourceFilter = form(
    "EventAnyResourceFilter", "Picks events by any of their resources.", id=LIST, id_prefix=LIST, labels=ANYTHING
)
EventIDFilter = form("EventIDFilter", "Picks events by id.", id=LIST)
EventTextFilter = form("EventTextFilter", "Picks events by text.", query=TEXT)
EventFilter = form(
    "EventFilter",
    "Picks events.",
    occurred=EventOccurredFilter,
    event=EventNameFilter,
    resource=EventResourceFilter,
    related=Part(EventRelatedFilter, many=True),
    any_resource=Part(EventAnyResourceFilter, many=True),
    id=EventIDFilter,
    text=EventTextFilter,
    order=ANYTHING,
)
