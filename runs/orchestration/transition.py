"""One proposed change of state, frozen, with every fact that a rule may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from orchestrator.contract.states import State, StateType


class RunKind(StrEnum):
    FLOW_RUN = "flow-run"
    TASK_RUN = "task-run"


@dataclass(frozen=True, slots=True)
class DeploymentLimit:
    """How many runs of a deployment may be under way, and what becomes of one too many."""

    limit_id: UUID
    cancels_new: bool = False  # else it waits and is tried again
    grace_seconds: float | None = None  # for which a slot is kept until the run begins; None: the usual time


@dataclass(frozen=True, slots=True)
class Missed:
    """That a run which a schedule planned did not begin in time, and what its deployment wants done about it."""

    policy: str  # `latest`, `max_age` or `none`
    due: datetime
    most_seconds: float = 0.0  # by which it may begin late, with `max_age`
    newer_is_due: bool = False  # the schedule's next time has come, too


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the rules need to know of the run itself."""

    id: UUID
    kind: RunKind
    run_count: int = 0
    policy: Mapping[str, Any] = field(default_factory=dict)  # the run's `empirical_policy`
    has_deployment: bool = False
    has_infrastructure: bool = False  # a process, pod or container was reported for it
    is_subflow: bool = False
    deployment_is_gone: bool = False  # it was deleted after the run was made
    deployment_limit: DeploymentLimit | None = None
    missed: Missed | None = None  # of a run that is about to begin, or to be skipped
    limited_tags: tuple[str, ...] = ()  # of a task run: its tags, if any tag has a limit
    start_time: datetime | None = None
    expected_start_time: datetime | None = None
    # Of a task run: the flow run that encloses it. None when there is none.
    flow_run_id: UUID | None = None
    flow_run_state: State | None = None
    flow_run_run_count: int = 0
    recorded_flow_run_run_count: int = 0  # what the task run remembered when it last ran

    @property
    def retries(self) -> int:
        """How often a failure is repeated. `max_retries` is the older name of the same setting.

        What clients report of their own task runs may be anything; what is no number repeats nothing.
        """
        retries = self.policy.get("retries")
        retries = self.policy.get("max_retries") if retries is None else retries
        return int(retries) if isinstance(retries, (int, float)) else 0

    @property
    def has_retries_left(self) -> bool:
        return self.run_count <= self.retries


@dataclass(frozen=True, slots=True)
class Transition:
    run: RunFacts
    initial: State | None  # None for a run that has no state yet
    proposed: State
    at: datetime
    # Whether the worker that proposes still holds the run; None when no worker's claim came with the proposal.
    claim_is_held: bool | None = None
    # Whether the process that had the run was taken for dead, and nobody has begun it again since.
    process_is_buried: bool = False
    # Of a task run that proposes to run under a cache key: the completed state that is kept under it.
    cached: State | None = None
    # The version of the Prefect client that proposes; None for other programs.
    client: tuple[int, int, int] | None = None
    # Whether one of our own workers takes the run: what it holds lasts as long as its claim.
    takes_claim: bool = False

    @property
    def from_type(self) -> StateType | None:
        return self.initial.type if self.initial else None

    @property
    def to_type(self) -> StateType:
        return self.proposed.type
