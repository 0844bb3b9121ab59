"""Actions as requests carry them: those that this server can do, and no others."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from automations.services.actions import ACTIONS
from orchestrator.contract.states import StateType
from orchestrator.rest.bodies import Seconds


class _Action(BaseModel):
    """Keys that are not known are passed over, as clients of the contract expect."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    def stored(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


class _Targeted(_Action):
    """Acts on what it names, or on what the event is about."""

    source: Literal["selected", "inferred"] = "selected"

    @model_validator(mode="after")
    def _either_way(self) -> Self:
        key = next(name for name in type(self).model_fields if name.endswith("_id"))
        named = getattr(self, key) is not None
        if self.source == "selected" and not named:
            raise ValueError(f"A selected target needs {key}.")
        if self.source == "inferred" and named:
            raise ValueError(f"An inferred target has no {key}.")
        return self


LATEST_SECONDS = 100 * 365 * 86_400


def _not_too_late(seconds: float) -> float:
    if seconds > LATEST_SECONDS:
        raise ValueError(f"`schedule_after` can be at most {LATEST_SECONDS} seconds.")
    return seconds


class DoNothing(_Action):
    type: Literal["do-nothing"] = "do-nothing"


class RunDeployment(_Targeted):
    type: Literal["run-deployment"] = "run-deployment"
    deployment_id: UUID | None = None
    parameters: dict[str, Any] | None = None
    job_variables: dict[str, Any] | None = None
    schedule_after: Annotated[Seconds, Field(ge=0), AfterValidator(_not_too_late)] = 0.0


class PauseDeployment(_Targeted):
    type: Literal["pause-deployment"] = "pause-deployment"
    deployment_id: UUID | None = None


class ResumeDeployment(_Targeted):
    type: Literal["resume-deployment"] = "resume-deployment"
    deployment_id: UUID | None = None


class PauseWorkQueue(_Targeted):
    type: Literal["pause-work-queue"] = "pause-work-queue"
    work_queue_id: UUID | None = None


class ResumeWorkQueue(_Targeted):
    type: Literal["resume-work-queue"] = "resume-work-queue"
    work_queue_id: UUID | None = None


class PauseWorkPool(_Targeted):
    type: Literal["pause-work-pool"] = "pause-work-pool"
    work_pool_id: UUID | None = None


class ResumeWorkPool(_Targeted):
    type: Literal["resume-work-pool"] = "resume-work-pool"
    work_pool_id: UUID | None = None


class CancelFlowRun(_Action):
    type: Literal["cancel-flow-run"] = "cancel-flow-run"


class ChangeFlowRunState(_Action):
    type: Literal["change-flow-run-state"] = "change-flow-run-state"
    name: str | None = None
    state: StateType
    message: str | None = None
    force: bool = False


class DeleteFlowRun(_Action):
    type: Literal["delete-flow-run"] = "delete-flow-run"


def _only_what_can_be_done(sent: Any) -> Any:
    kind = sent.get("type") if isinstance(sent, dict) else None
    if isinstance(kind, str) and kind not in ACTIONS:
        raise ValueError(f"Actions of type {kind!r} are not done by this server; it knows {', '.join(ACTIONS)}.")
    return sent


_Known = (
    DoNothing
    | RunDeployment
    | PauseDeployment
    | ResumeDeployment
    | CancelFlowRun
    | DeleteFlowRun
    | ChangeFlowRunState
    | PauseWorkQueue
    | ResumeWorkQueue
    | PauseWorkPool
    | ResumeWorkPool
)
Action = Annotated[Annotated[_Known, Field(discriminator="type")], BeforeValidator(_only_what_can_be_done)]
