"""What our own workers understand of a run's job variables, as work pools of type `celery` are told."""

from __future__ import annotations

from typing import Any

CELERY = "celery"
MOST_GRACE_SECONDS = 3600
_SECONDS = {"type": "number", "exclusiveMinimum": 0}
_ENV_VALUES = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}, {"type": "null"}]}

VARIABLES: dict[str, dict[str, Any]] = {
    "env": {"title": "Environment Variables", "type": "object", "additionalProperties": _ENV_VALUES},
    "working_dir": {"title": "Working Directory", "type": "string"},
    "isolation": {"title": "Isolation", "type": "string", "enum": ["process"]},
    "soft_time_limit_seconds": {"title": "Soft Time Limit", **_SECONDS},
    "time_limit_seconds": {"title": "Time Limit", **_SECONDS},
    "cancel_grace_seconds": {
        "title": "Cancellation Grace",
        "type": "number",
        "minimum": 0,
        "maximum": MOST_GRACE_SECONDS,
    },
    "engine": {"title": "Engine", "type": "string", "enum": ["orchestrator", "prefect"]},
    "python": {"title": "Python Interpreter", "type": "string"},
    "command": {"title": "Command", "type": "string"},
    "stream_output": {"title": "Stream Output", "type": "boolean"},
}

CELERY_TEMPLATE: dict[str, Any] = {
    "job_configuration": {name: f"{{{{ {name} }}}}" for name in VARIABLES},
    "variables": {"type": "object", "properties": VARIABLES},
}


def template_of_pool(type: str, stored: dict[str, Any]) -> dict[str, Any]:
    """The template that counts for a pool: what is stored, else what our workers understand if it is one of theirs."""
    return stored or (CELERY_TEMPLATE if type == CELERY else {})
