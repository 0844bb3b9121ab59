"""What our own workers say about the runs that they take."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from orchestrator.rest.bodies import Body

MOST_QUEUES = 1_000  # that one worker serves

WorkerName = Annotated[str, Field(max_length=1_000)]
Reason = Annotated[str, Field(max_length=10_000)]


class ClaimCreate(Body):
    """`process_id`: of the process that is going to execute the run, as the worker's host counts.

    `work_queue_names`: the queues that the worker serves; it is given no run of another. Empty: all of the pool.
    """

    flow_run_id: UUID
    worker_name: WorkerName
    process_id: int | None = Field(default=None, ge=0, lt=2**31)
    work_queue_names: Annotated[list[str], Field(max_length=MOST_QUEUES)] = []


class ClaimRelease(Body):
    """`reason` says why the run is given back, should it be unfinished."""

    reason: Reason | None = None


class LostRun(Body):
    """`handed_back`: nothing broke, the worker was told to stop. That does not count as a failed attempt."""

    flow_run_id: UUID
    worker_name: WorkerName
    process_id: int | None = Field(default=None, ge=0, lt=2**31)
    reason: Reason
    handed_back: bool = False


class HeldClaims(Body):
    """Whose claims are asked for."""

    worker_name: WorkerName
