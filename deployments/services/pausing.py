"""Who paused a deployment, or switched one of its schedules off, and when. Kept on the row, for whoever wonders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.models import Deployment, DeploymentSchedule
from orchestrator.contract.times import now

Author = Mapping[str, Any] | None  # as it is kept with versions; None: nobody knows

PAUSE_COLUMNS = ("paused_at", "paused_by")


def note_pause(row: Deployment | DeploymentSchedule, *, before: bool, author: Author) -> None:
    """For after `row` was switched and before it is saved. `before`: whether it was paused until now.

    One that was paused already keeps who did it first; one that is resumed forgets it.
    """
    if row.is_paused == before:
        return
    row.paused_at = now() if row.is_paused else None
    row.paused_by = dict(author) if row.is_paused and author is not None else None
