"""Variables of Prefect's that are taken where nobody says anything in our own words: a script that was written for
Prefect finds its server.

Only what has the same meaning here. Prefect's data directory and its storage hold files that are no files of ours.
"""

from __future__ import annotations

import os

NAMES = {
    "ORCHESTRATOR_API_URL": "PREFECT_API_URL",
    "ORCHESTRATOR_API_KEY": "PREFECT_API_KEY",
    "ORCHESTRATOR_API_AUTH_STRING": "PREFECT_API_AUTH_STRING",
    "ORCHESTRATOR_RESULTS_PERSIST_BY_DEFAULT": "PREFECT_RESULTS_PERSIST_BY_DEFAULT",
    "ORCHESTRATOR_TASKS_DEFAULT_PERSIST_RESULT": "PREFECT_TASKS_DEFAULT_PERSIST_RESULT",
    "ORCHESTRATOR_TASKS_DEFAULT_RETRIES": "PREFECT_TASKS_DEFAULT_RETRIES",
    "ORCHESTRATOR_TASKS_DEFAULT_RETRY_DELAY_SECONDS": "PREFECT_TASKS_DEFAULT_RETRY_DELAY_SECONDS",
    "ORCHESTRATOR_FLOWS_DEFAULT_RETRIES": "PREFECT_FLOWS_DEFAULT_RETRIES",
    "ORCHESTRATOR_FLOWS_DEFAULT_RETRY_DELAY_SECONDS": "PREFECT_FLOWS_DEFAULT_RETRY_DELAY_SECONDS",
    "ORCHESTRATOR_LOGGING_LOG_PRINTS": "PREFECT_LOGGING_LOG_PRINTS",
    "ORCHESTRATOR_LOGGING_LEVEL": "PREFECT_LOGGING_LEVEL",
}

# Either kind, with the other one. They are only sent to the server that is named in the same words as they are.
CREDENTIALS = {
    "ORCHESTRATOR_API_KEY": "ORCHESTRATOR_API_AUTH_STRING",
    "ORCHESTRATOR_API_AUTH_STRING": "ORCHESTRATOR_API_KEY",
}

OF_THE_SERVER = frozenset({"ORCHESTRATOR_API_URL", *CREDENTIALS})  # what is wrong in them is told, never passed over


def value(name: str) -> str | None:
    """What Prefect's variable says about a setting of ours. None: nothing, or there is no such variable."""
    theirs = NAMES.get(name)
    return (os.environ.get(theirs, "").strip() or None) if theirs else None
