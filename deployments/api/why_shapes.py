"""How explanations are answered."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from orchestrator.contract.states import StateType
from orchestrator.rest.answering import Shape


class CauseSubject(Shape):
    kind: str
    id: UUID | None
    name: str


class CauseAction(Shape):
    """`command` is one of ours, `href` a path of ours."""

    summary: str
    command: str | None
    href: str | None


class CauseHolder(Shape):
    """Who has a place that the run waits for."""

    kind: str
    id: UUID | None
    name: str
    state_name: str | None
    since: datetime | None


class Cause(Shape):
    """`certain`: it alone keeps the run from going on now."""

    code: str
    summary: str
    since: datetime | None
    subject: CauseSubject | None
    action: CauseAction | None
    certain: bool
    held_by: list[CauseHolder]


class RunExplanation(Shape):
    """What the run waits for, and has been waiting for since then; what is first in `causes` has to go first."""

    state_type: StateType | None
    state_name: str | None
    since: datetime | None
    overdue_seconds: float
    summary: str
    causes: list[Cause]


class FlowRunExplanation(RunExplanation):
    flow_run_id: UUID
    flow_run_name: str


class TaskRunExplanation(RunExplanation):
    task_run_id: UUID
    task_run_name: str


class DeploymentExplanation(Shape):
    """`deployment_name` is `flow/deployment`; `next_run_at` the first planned time that is to come."""

    deployment_id: UUID
    deployment_name: str
    next_run_at: datetime | None
    summary: str
    causes: list[Cause]
