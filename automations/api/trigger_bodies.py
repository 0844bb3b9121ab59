"""Triggers as requests carry them.

Only reactive event triggers are evaluated by this server; whatever else the contract knows is refused, not stored.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from orchestrator.contract.ids import uuid7
from orchestrator.rest.bodies import Number, Seconds, Tags

Pattern = str | list[str]
Specification = dict[str, Pattern]

# Every event of the log is compared with every pattern of every automation.
MOST_PATTERNS = 200  # of one trigger, with the names that it expects and tells apart
LONGEST_PATTERN = 1_000  # characters
LONGEST_WITHIN = 100 * 365 * 86_400  # seconds


class EventTrigger(BaseModel):
    """Fires when enough events were seen. Unknown keys are passed over, as clients of the contract expect."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    type: Literal["event"] = "event"
    id: UUID = Field(default_factory=uuid7)
    match: Specification = {}
    match_related: Specification | list[Specification] = {}
    after: Tags = []
    expect: Tags = []
    for_each: Tags = []
    posture: Literal["Reactive"]
    threshold: Annotated[Number, Field(ge=1)] = 1
    within: Annotated[Seconds, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.within > LONGEST_WITHIN:
            raise ValueError(f"`within` can be at most {LONGEST_WITHIN} seconds.")
        texts = self._texts()
        if len(texts) > MOST_PATTERNS:
            raise ValueError(
                f"A trigger has at most {MOST_PATTERNS} labels, patterns and names; this has {len(texts)}."
            )
        if any(len(text) > LONGEST_PATTERN for text in texts):
            raise ValueError(f"A pattern of a trigger has at most {LONGEST_PATTERN} characters.")
        return self

    def _texts(self) -> list[str]:
        related = self.match_related if isinstance(self.match_related, list) else [self.match_related]
        found = [*self.after, *self.expect, *self.for_each]
        for specification in (self.match, *related):
            for label, patterns in specification.items():
                found += [label, *(patterns if isinstance(patterns, list) else [patterns])]
        return found

    def stored(self) -> dict[str, Any]:
        """Under an identifier of this server's own."""
        return {**self.model_dump(mode="json"), "id": str(uuid7())}


def _only_what_is_evaluated(sent: Any) -> Any:
    if isinstance(sent, dict):
        kind, posture = sent.get("type", "event"), sent.get("posture")
        if kind in ("compound", "sequence"):
            raise ValueError(f"Triggers of type {kind!r} are not evaluated by this server; use event triggers.")
        if posture == "Proactive":
            raise ValueError("Proactive triggers are not evaluated by this server; use the posture 'Reactive'.")
    return sent


Trigger = Annotated[EventTrigger, BeforeValidator(_only_what_is_evaluated), AfterValidator(lambda trigger: trigger)]
