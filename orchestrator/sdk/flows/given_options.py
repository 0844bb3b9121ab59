"""Options of flows that take more than a look: only those who give them pay for what they need."""

from __future__ import annotations

from typing import Any


def checked_schedule(given: Any) -> Any:
    """As it was given; None is none. Raises DeploymentError for what is no schedule."""
    if given is None:
        return None
    from orchestrator.sdk.deployments.schedules import schedule_bodies

    schedule_bodies(schedule=given)  # refused where it is written
    return given


def storage_of(given: Any) -> Any:
    """The storage that is meant; None is the default. Raises ResultStorageError."""
    if given is None:
        return None
    from orchestrator.sdk.results.storage import storage_for

    return storage_for(given)


def serializer_of(given: Any) -> Any:
    """The serializer that is meant; None is the default. Raises SettingError for what is none."""
    if given is None:
        return None
    from orchestrator.sdk.results.serializers import serializer_for

    return serializer_for(given)
