"""What follows from events, for runs."""

from orchestrator.events.registry import add_recorder
from runs.services.task_run_recorder import record_task_runs


def register() -> None:
    """Called once at start-up."""
    add_recorder(record_task_runs)
