"""Who paused a deployment or a schedule, in words that every list and page uses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from deployments.models import Deployment, DeploymentSchedule
from orchestrator.pages.addresses import address_of

OVER_THE_API = "over the API"
FROM_THE_PAGES = "on these pages"


@dataclass(frozen=True, slots=True)
class Pause:
    """`who` reads after “Paused”; nothing where it was not kept. `url` leads to an automation that did it."""

    who: str
    at: datetime | None
    url: str = ""


def pause_of(row: Deployment | DeploymentSchedule) -> Pause | None:
    """None for one that is not paused."""
    if not row.is_paused:
        return None
    if row.paused_at is None:
        return Pause("", None)  # from the time before this was kept
    by = row.paused_by or {}
    name = by.get("display_value")
    if not name:
        return Pause(OVER_THE_API, row.paused_at)
    if by.get("type") == "AUTOMATION":
        return Pause(f"by automation {name}", row.paused_at, address_of("automation", by["id"]) if by.get("id") else "")
    if by.get("type") == "API_KEY":
        return Pause(f"with API key {name}", row.paused_at)
    return Pause(str(name) if by.get("type") == "PAGE" else f"by {name}", row.paused_at)


def author_on_pages(request: HttpRequest) -> dict[str, str]:
    """Who uses the page, for what is kept of changes. On a server that asks nobody who they are: that it was a page."""
    user = request.user
    if user.is_authenticated:
        return {"id": str(user.pk), "type": "USER", "display_value": user.get_username()}
    return {"id": "", "type": "PAGE", "display_value": FROM_THE_PAGES}


def maker_on_pages(request: HttpRequest) -> dict[str, Any] | None:
    """The same for the runs that somebody makes; their identifiers are UUIDs, which people have none of."""
    if not request.user.is_authenticated:
        return None
    return {"id": None, "type": "USER", "display_value": request.user.get_username()}
