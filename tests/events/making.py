"""Events for tests, as clients send them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from orchestrator.events.models import Event
from orchestrator.events.parsing import read_event


def wire_event(name: str = "shop.opened", resource: str | dict[str, str] = "shop.1", **changes: Any) -> dict[str, Any]:
    """`changes` replace whole keys of the event."""
    labels = {"prefect.resource.id": resource} if isinstance(resource, str) else resource
    return {
        "occurred": datetime.now(UTC).isoformat(),
        "event": name,
        "resource": labels,
        "related": [],
        "payload": {},
        "id": str(uuid4()),
        "follows": None,
        **changes,
    }


def related(identifier: str, role: str, **labels: str) -> dict[str, str]:
    return {"prefect.resource.id": identifier, "prefect.resource.role": role, **labels}


def an_event(name: str = "shop.opened", resource: str | dict[str, str] = "shop.1", **changes: Any) -> Event:
    """Not stored."""
    return read_event(wire_event(name, resource, **changes))
