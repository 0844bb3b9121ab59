"""What flows and tasks do that do not say it themselves, as the settings have it when they are defined."""

from __future__ import annotations

from orchestrator.sdk.configuration.settings import value_of


def default_retries(kind: str) -> int:
    """`kind` is `TASKS` or `FLOWS`."""
    return int(value_of(f"ORCHESTRATOR_{kind}_DEFAULT_RETRIES") or 0)


def default_retry_delay() -> float | list[float]:
    """Of a task: seconds before each retry, or a list: before the first, the second, …"""
    delays = [float(each) for each in (value_of("ORCHESTRATOR_TASKS_DEFAULT_RETRY_DELAY_SECONDS") or "0").split(",")]
    return delays if len(delays) > 1 else delays[0]


def default_flow_retry_delay() -> float:
    """Of a flow: seconds before each retry."""
    return float(value_of("ORCHESTRATOR_FLOWS_DEFAULT_RETRY_DELAY_SECONDS") or 0)


def default_log_prints() -> bool:
    """Whether what is printed becomes part of the log."""
    return value_of("ORCHESTRATOR_LOGGING_LOG_PRINTS") == "true"
