"""What the models of request bodies have in common."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from orchestrator.contract.times import to_utc

FORBIDDEN_IN_NAMES = ("/", "%", "&", ">", "<")


class Body(BaseModel):
    """Refuses keys that it does not know. `given` tells which keys were sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def given(self, *names: str) -> dict[str, Any]:
        """The values of the keys that were sent, of `names` only when names are given."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value for name, value in sent.items() if not names or name in names}


Time = Annotated[datetime, AfterValidator(to_utc)]  # a time without an offset is taken as UTC
Number = Annotated[int, Field(le=2**31 - 1)]  # a number that an integer column holds on every database


def _usable_name(name: str) -> str:
    if not name.strip():
        raise ValueError("A name must not be blank.")
    if any(character in name for character in FORBIDDEN_IN_NAMES):
        raise ValueError(f"A name must not contain any of {' '.join(FORBIDDEN_IN_NAMES)}.")
    return name


Name = Annotated[str, AfterValidator(_usable_name)]
Label = bool | int | float | str
Labels = dict[str, Label]


def _unique(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


Tags = Annotated[list[str], AfterValidator(_unique)]  # the order is kept, repetitions are dropped
# For values of which null means the same as absence.
EmptyWhenNull = BeforeValidator(lambda value: {} if value is None else value)
