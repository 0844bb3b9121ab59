"""On whose behalf a request creates something."""

from __future__ import annotations

from base64 import b64decode
from typing import Any
from uuid import UUID

from rest_framework.request import Request


def created_by(request: Request) -> dict[str, Any] | None:
    """The automation that the request's headers name; None for everybody else. Its name comes in base 64."""
    identifier, name = request.headers.get("Prefect-Automation-Id"), request.headers.get("Prefect-Automation-Name")
    if not identifier or not name:
        return None
    try:
        automation_id, display_value = UUID(identifier), b64decode(name.encode(), validate=True).decode()
    except ValueError:
        return None
    if not display_value:
        return None
    return {"id": str(automation_id), "type": "AUTOMATION", "display_value": display_value}
