"""What the database remembers of runs."""

from runs.models.artifacts import Artifact
from runs.models.claims import Claim
from runs.models.flow_runs import FlowRun, FlowRunTag
from runs.models.flows import Flow
from runs.models.logs import Log
from runs.models.states import FlowRunState, TaskRunState
from runs.models.task_runs import TaskRun, TaskRunTag

__all__ = [
    "Artifact",
    "Claim",
    "Flow",
    "FlowRun",
    "FlowRunState",
    "FlowRunTag",
    "Log",
    "TaskRun",
    "TaskRunState",
    "TaskRunTag",
]
