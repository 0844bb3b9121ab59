"""What the navigation says about pools, on every page."""

from __future__ import annotations

from deployments.services.loads import pools_in_trouble
from orchestrator.pages.navigation import Badge, register_badge


def register() -> None:
    """Called once at start-up."""
    register_badge("work-pools", pools_without_workers)


def pools_without_workers() -> Badge | None:
    """Those whose runs wait in vain. One query."""
    count = len(pools_in_trouble())
    if not count:
        return None
    return Badge(str(count), f"{count} work {'pool has' if count == 1 else 'pools have'} runs to do and no worker")
