"""The details of a state, as authors read and write them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.contract.states import DETAIL_DEFAULTS
from orchestrator.contract.times import format_time, parse_time, to_utc
from orchestrator.sdk.errors import StateError
from orchestrator.sdk.values.nearest import nearest

_TIMES = ("scheduled_time", "pause_timeout", "cache_expiration")


class StateDetails:
    """The details of a state as attributes; a detail that nobody set has its default. Times are aware datetimes.

    Raises StateError for a detail that there is not.
    """

    def __init__(self, details: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        for name in more:
            if name not in DETAIL_DEFAULTS:
                near = nearest(name, DETAIL_DEFAULTS)
                hint = f"; did you mean {near!r}?" if near else ""
                raise StateError(f"A state has no detail {name!r}{hint}")
        self.__dict__.update(DETAIL_DEFAULTS)
        self.__dict__.update({key: _read(key, value) for key, value in {**(details or {}), **more}.items()})

    def __repr__(self) -> str:
        return f"StateDetails({self.__dict__!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StateDetails) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # its attributes can be set


def written(given: StateDetails | Mapping[str, Any] | None) -> dict[str, Any]:
    """The details that were set, as JSON values. Raises StateError for what are none, or have other names."""
    if given is None:
        return {}
    if isinstance(given, StateDetails):
        details = given
    elif isinstance(given, Mapping):
        details = StateDetails(**{str(name): value for name, value in given.items()})
    else:
        raise StateError(f"state_details must be a dictionary or StateDetails, not {type(given).__name__}")
    return {
        name: _wire(value)
        for name, value in details.__dict__.items()
        if name not in DETAIL_DEFAULTS or value != DETAIL_DEFAULTS[name]
    }


def _read(name: str, value: Any) -> Any:
    if name not in _TIMES or not isinstance(value, str):
        return value
    try:
        return parse_time(value)
    except ValueError:
        raise StateError(f"The detail {name!r} of a state must be a time, not {value!r}") from None


def _wire(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_time(to_utc(value))
    return str(value) if isinstance(value, UUID) else value
