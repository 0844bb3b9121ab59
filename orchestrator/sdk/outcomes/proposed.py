"""States as they are proposed to a server."""

from __future__ import annotations

from typing import Any

from orchestrator.contract.states import State
from orchestrator.sdk.values.json_values import to_json


def as_proposed(state: State) -> dict[str, Any]:
    """A state as JSON values; the server gives it an id and a time. Its result, if any, stays in this process."""
    sent: dict[str, Any] = to_json(
        {
            "type": state.type.value,
            "name": state.name,
            "message": state.message,
            "data": state.data,
            "state_details": state.details,
        }
    )
    return sent
