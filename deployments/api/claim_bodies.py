"""What our own workers say about the runs that they take."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from orchestrator.rest.bodies import Body


class ClaimCreate(Body):
    """`process_id`: of the process that is going to execute the run, as the worker's host counts."""

    flow_run_id: UUID
    worker_name: str
    process_id: int | None = Field(default=None, ge=0, lt=2**31)


class ClaimRelease(Body):
    """`reason` says why the run is given back, should it be unfinished."""

    reason: str | None = None


class LostRun(Body):
    flow_run_id: UUID
    worker_name: str
    process_id: int | None = Field(default=None, ge=0, lt=2**31)
    reason: str
