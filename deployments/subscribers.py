"""What follows from events, for deployments and pools."""

from __future__ import annotations

from uuid import UUID

from deployments.services.dispatch import dispatch_run
from orchestrator.events.models import Event
from orchestrator.events.registry import subscribe_to_hints

# The names of the states in which a run waits for a worker.
WAITING_STATES = ("Scheduled", "AwaitingRetry", "Resuming")


def register() -> None:
    """Called once at start-up."""
    for state in WAITING_STATES:
        subscribe_to_hints(f"prefect.flow-run.{state}", wake_a_worker)


def wake_a_worker(event: Event) -> None:
    """At once, instead of at the next sweep."""
    dispatch_run(flow_run_id=UUID(event.resource_id.removeprefix("prefect.flow-run.")))
