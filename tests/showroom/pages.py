"""Every kind of page of a furnished server, each with an address that shows something."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.showroom.furnish import Showroom


def addresses_of(room: Showroom) -> dict[str, str]:
    """Wants a furnished showroom. What the addresses name was made by its runs."""
    ask = room.system.ask
    run, deployment = room.runs["failed"], room.deployments["etl-eu"]

    def first(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return dict(ask("POST", path, {"limit": 1, **(body or {})})[0])

    flow = ask("GET", f"/deployments/{deployment}")["flow_id"]
    failed_task = first("/task_runs/filter", {"task_runs": {"state": {"type": {"any_": ["FAILED"]}}}})["id"]
    event = ask("POST", "/events/filter", {})["events"][0]
    worker = ask("POST", "/work_pools/default/workers/filter", {})[0]["id"]
    limit = ask("POST", "/v2/concurrency_limits/filter", {})[0]["id"]
    block = ask("POST", "/block_documents/filter", {})[0]["id"]
    automation = ask("POST", "/automations/filter", {})[0]["id"]
    artifacts = {one["key"]: one["id"] for one in ask("POST", "/artifacts/filter", {})}
    return {
        "overview": "/",
        "runs": "/runs/",
        "runs, filtered": "/runs/?state=failed&flow=etl-*&range=7d",
        "task runs": "/runs/tasks/",
        "completed run": f"/runs/flow-run/{room.runs['completed']}",
        "failed run": f"/runs/flow-run/{run}",
        "failed run, graph": f"/runs/flow-run/{run}?view=graph",
        "failed run, table": f"/runs/flow-run/{run}?view=table",
        "log": f"/runs/flow-run/{run}/logs",
        "comparison": f"/runs/flow-run/{run}/compare?with={room.runs['completed']}",
        "paused run": f"/runs/flow-run/{room.runs['paused']}",
        "waiting run": f"/runs/flow-run/{room.runs['waiting']}",
        "task run": f"/runs/task-run/{failed_task}",
        "errors": "/errors/",
        "flows": "/flows/",
        "flow": f"/flows/flow/{flow}",
        "deployments": "/deployments/",
        "deployment": f"/deployments/deployment/{deployment}",
        "custom run": f"/deployments/deployment/{deployment}/run",
        "calendar": "/calendar/",
        "work pools": "/work-pools/",
        "work pool": "/work-pools/work-pool/default",
        "work pool without a worker": "/work-pools/work-pool/docker-eu",
        "work queue": "/work-pools/work-pool/default/queue/default",
        "worker": f"/work-pools/work-pool/default/worker/{worker}",
        "new work pool": "/work-pools/new",
        "events": "/events/",
        "event": f"/events/event/{event['occurred'][:10]}/{event['id']}",
        "artifacts": "/artifacts/",
        "table": "/artifacts/key/orders",
        "markdown": f"/artifacts/artifact/{artifacts['report']}",
        "progress": f"/artifacts/artifact/{artifacts['training']}",
        "assets": "/assets/",
        "asset": f"/assets/{quote('postgres://warehouse/orders', safe='')}",
        "automation": f"/automations/automation/{automation}",
        "variables": "/variables/",
        "blocks": "/blocks/",
        "block": f"/blocks/block/{block}",
        "block catalog": "/blocks/catalog/",
        "limits": "/concurrency-limits/",
        "limit": f"/concurrency-limits/concurrency-limit/{limit}",
        "views": "/views/",
        "search": "/search?q=etl",
        "services": "/services",
        "status": "/status/",
        "settings": "/settings/",
    }


# Pages that answer so by intent.
TROUBLE = {"not found": "/nothing-here", "no such run": "/runs/flow-run/11111111-1111-4111-8111-111111111111"}
