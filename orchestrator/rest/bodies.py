"""What the models of request bodies have in common."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

from orchestrator.contract.times import to_utc


class Body(BaseModel):
    """Refuses keys that it does not know. `given` tells which keys were sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def given(self, *names: str) -> dict[str, Any]:
        """The values of the keys that were sent, of `names` only when names are given."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value for name, value in sent.items() if not names or name in names}


class Envelope(Body):
    """Keys that stand beside each other in a request, such as filters and a limit, and are no object of the contract.

    A key that is null is taken as absent, and keys that are not known are passed over.
    """

    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, sent: Any) -> Any:
        return {key: value for key, value in sent.items() if value is not None} if isinstance(sent, dict) else sent


Time = Annotated[datetime, AfterValidator(to_utc)]  # a time without an offset is taken as UTC
Number = Annotated[int, Field(le=2**31 - 1)]  # a number that an integer column holds on every database


_DURATION = TypeAdapter(timedelta)


def _in_seconds(value: Any) -> Any:
    return _DURATION.validate_python(value).total_seconds() if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(_in_seconds)]  # a number of them, or a duration such as `PT1H`


def _not_blank(name: str) -> str:
    if not name.strip():
        raise ValueError("A name must not be blank.")
    return name


Name = Annotated[str, Field(pattern=r"^[^/%&><]+$"), AfterValidator(_not_blank)]
Label = bool | int | float | str
Labels = dict[str, Label]


def _unique(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


Tags = Annotated[list[str], AfterValidator(_unique)]  # the order is kept, repetitions are dropped
# For values of which null means the same as absence.
EmptyWhenNull = BeforeValidator(lambda value: {} if value is None else value)
