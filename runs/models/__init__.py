"""What the database remembers of runs."""

from runs.models.artifacts import Artifact, ArtifactCollection
from runs.models.background import QueuedTaskRun, TaskSubscription
from runs.models.bulk_actions import BulkAction, BulkActionItem
from runs.models.claims import Claim
from runs.models.concurrency_leases import ConcurrencyLease, ConcurrencySlot
from runs.models.concurrency_limits import ConcurrencyLimit
from runs.models.concurrency_waits import SlotWait
from runs.models.deadlines import StateDeadline
from runs.models.flow_run_inputs import FlowRunInput
from runs.models.flow_runs import FlowRun, FlowRunTag
from runs.models.flows import Flow
from runs.models.heartbeats import Heartbeat, Rescue
from runs.models.hour_counts import ChangedHour, HourCount
from runs.models.known_errors import KnownError
from runs.models.leftovers import Leftover
from runs.models.logs import Log
from runs.models.retention_reports import RetentionReport
from runs.models.saved_searches import SavedSearch
from runs.models.states import FlowRunState, TaskRunState
from runs.models.task_caches import CachedState
from runs.models.task_runs import TaskRun, TaskRunTag

__all__ = [
    "Artifact",
    "ArtifactCollection",
    "BulkAction",
    "BulkActionItem",
    "CachedState",
    "ChangedHour",
    "Claim",
    "ConcurrencyLease",
    "ConcurrencyLimit",
    "ConcurrencySlot",
    "Flow",
    "FlowRun",
    "FlowRunInput",
    "FlowRunState",
    "FlowRunTag",
    "Heartbeat",
    "HourCount",
    "KnownError",
    "Leftover",
    "Log",
    "QueuedTaskRun",
    "Rescue",
    "RetentionReport",
    "SavedSearch",
    "SlotWait",
    "StateDeadline",
    "TaskRun",
    "TaskRunState",
    "TaskRunTag",
    "TaskSubscription",
]
