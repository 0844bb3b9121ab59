"""Who changes a deployment, for its history."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from runs.api.creators import created_by


def author_of(request: Request) -> dict[str, Any] | None:
    """The automation, the API key or the person behind a request. None on a server that asks nobody who they are."""
    automation = created_by(request)
    if automation is not None:
        return automation
    actor = request.user
    for kind, who in (("API_KEY", getattr(actor, "key", None)), ("USER", getattr(actor, "user", None))):
        if who is not None:
            return {"id": str(who.pk), "type": kind, "display_value": str(who)}
    return None
