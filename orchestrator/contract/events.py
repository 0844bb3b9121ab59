"""Events: what happened to which resource. Limits and labels of the public Prefect 3 contract."""

from typing import Any
from uuid import UUID

MAX_RELATED = 100  # related resources of one event
MAX_LABELS = 500  # labels of one resource
MAX_NAME_LENGTH = 1024  # characters
MAX_EVENT_BYTES = 1_500_000  # one event as JSON

HEARTBEAT = "prefect.flow-run.heartbeat"  # a sign of life that engines send every few minutes
ORCHESTRATION_LABEL = "prefect.orchestration"  # "client" on the state events from which task runs are recorded


def resource_id(kind: str, identifier: UUID | str) -> str:
    """`prefect.flow-run.<uuid>` for kind `flow-run`."""
    return f"prefect.{kind}.{identifier}"


def resource(
    kind: str, identifier: UUID | str, *, name: str | None = None, role: str | None = None, **labels: str
) -> dict[str, str]:
    """The flat label map of one resource; `role` is required on related resources."""
    made: dict[str, Any] = {"prefect.resource.id": resource_id(kind, identifier)}
    if role is not None:
        made["prefect.resource.role"] = role
    if name is not None:
        made["prefect.resource.name"] = name
    return made | labels


def state_event_name(kind: str, state_name: str) -> str:
    """`prefect.flow-run.Late`: the event is called after the state's name, not its type."""
    return f"prefect.{kind}.{state_name}"
