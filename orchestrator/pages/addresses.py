"""Where the page of each thing is. A room links by these to pages of rooms that it does not know.

The addresses of flows, runs, deployments and the rest are those that clients print in their links.
"""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from django.urls import get_script_prefix

# By kind; each `{}` takes one identifier, in order.
ADDRESSES = {
    "overview": "",
    "runs": "runs/",
    "task-runs": "runs/tasks/",
    "flow-run": "runs/flow-run/{}",
    "task-run": "runs/task-run/{}",
    "flows": "flows/",
    "flow": "flows/flow/{}",
    "deployments": "deployments/",
    "deployment": "deployments/deployment/{}",
    "custom-run": "deployments/deployment/{}/run",
    "work-pools": "work-pools/",
    "work-pool": "work-pools/work-pool/{}",
    "work-queue": "work-queues/work-queue/{}",
    "worker": "work-pools/work-pool/{}/worker/{}",
    "automation": "automations/automation/{}",
    "events": "events/",
    "event": "events/event/{}/{}",
    "errors": "errors/",
    "error": "errors/{}",
    "calendar": "calendar/",
    "assets": "assets/",
    "asset": "assets/{}",
    "artifacts": "artifacts/",
    "artifact": "artifacts/artifact/{}",
    "artifact-key": "artifacts/key/{}",
    "variables": "variables/",
    "blocks": "blocks/",
    "block": "blocks/block/{}",
    "block-catalog": "blocks/catalog/",
    "concurrency-limits": "concurrency-limits/",
    "concurrency-limit": "concurrency-limits/concurrency-limit/{}",
    "bulk-action": "runs/bulk/{}",
    "views": "views/",
    "search": "search",
    "services": "services",
    "settings": "settings/",
    "status": "status/",
}

# The kind of page by the first words of a resource's identifier in an event.
_RESOURCES = {
    "flow-run": "flow-run",
    "task-run": "task-run",
    "flow": "flow",
    "deployment": "deployment",
    "work-pool": "work-pool",
    "work-queue": "work-queue",
    "block-document": "block",
    "concurrency-limit": "concurrency-limit",
    "artifact": "artifact",
    "artifact-collection": "artifact",
}
_RESOURCE = re.compile(r"prefect\.([a-z-]+)\.([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})")


def address_of(kind: str, *identifiers: object) -> str:
    """The path of a page, below the server's own prefix. Raises KeyError for a kind of page that does not exist."""
    pattern = ADDRESSES[kind]
    return get_script_prefix() + pattern.format(*map(_in_path, identifiers))


def _in_path(identifier: object) -> str:
    return str(identifier) if type(identifier) is UUID else quote(str(identifier), safe="")


def address_of_event(occurred: datetime, event_id: object) -> str:
    """Events are found by their day, in UTC, and their identifier."""
    return address_of("event", f"{occurred:%Y-%m-%d}", event_id)


def address_of_resource(resource_id: str) -> str | None:
    """The page of what an event is about; None where there is none."""
    match = _RESOURCE.fullmatch(resource_id)
    kind = _RESOURCES.get(match[1]) if match else None
    return address_of(kind, match[2]) if match and kind else None
