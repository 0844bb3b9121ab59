"""Who changes a deployment, for its history."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from runs.api.creators import created_by


def author_of(request: Request) -> dict[str, Any] | None:
    """The API key or the person behind a request. On a server that asks nobody who they are: the automation that the
    request names, or None. What somebody says of themselves never stands before what is known of them."""
    actor = request.user
    for kind, who in (("API_KEY", getattr(actor, "key", None)), ("USER", getattr(actor, "user", None))):
        if who is not None:
            return {"id": str(who.pk), "type": kind, "display_value": str(who)}
    return created_by(request)
