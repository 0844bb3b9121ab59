"""Other names for the fields of a deployment, as older tutorials write them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

SCHEDULING = ("cron", "interval", "rrule", "schedule", "timezone")
SPELLINGS = (*SCHEDULING, "infra_overrides", "is_schedule_active")
# Names that have no meaning left, and what to do instead.
REFUSED = {
    "infrastructure": "the work pool decides where runs execute; give work_pool_name, and job_variables for details",
    "storage": "give path and entrypoint, or pull_steps; flow.from_source(…) makes them",
    "image": "give job_variables={'image': …}; flow.deploy(…, image=…) builds and pushes one, too",
    "global_concurrency_limit": "give it to flow.deploy(…), which looks it up",
    "triggers": "triggers are automations, which flow.deploy(…, triggers=[…]) makes for a deployment",
}


def schedules_given(found: dict[str, Any], schedules: Iterable[Any] | None) -> dict[str, Any]:
    """The arguments for `schedule_bodies`."""
    return {"schedules": schedules, **{key: found[key] for key in SCHEDULING if found.get(key) is not None}}
