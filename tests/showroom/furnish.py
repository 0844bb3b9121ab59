"""Put something of everything onto a server that runs: deployments, schedules, a pool without a worker, and runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tests.e2e.system import ENDED, System
from tests.waiting import eventually

FLOWS = Path(__file__).parent / "flows.py"
ENDS_SECONDS = 90.0
SECRET = "do-not-show-this"  # which is in no page
# Each deployment: its flow, its function, and what it is made with.
DEPLOYMENTS: dict[str, dict[str, Any]] = {
    "etl-eu": {
        "flow": "etl-orders",
        "function": "etl_orders",
        "schedule": {"cron": "0 */2 * * *", "timezone": "Europe/Berlin"},
        "tags": ["prod", "eu"],
        "description": "Orders of the day, from the **shop** into the warehouse.",
        "parameters": {"region": "eu"},
    },
    "etl-us": {"flow": "etl-orders", "function": "etl_orders", "tags": ["prod", "us"], "parameters": {"region": "us"}},
    "train-weekly": {"flow": "ml-train", "function": "ml_train", "schedule": {"interval": 604800}, "tags": ["ml"]},
    "refunds": {"flow": "refund-approval", "function": "refund_approval"},
    "hello": {"flow": "hello", "function": "hello", "schedule": {"interval": 3600}},
    "lonely": {"flow": "hello", "function": "hello", "pool": "docker-eu", "tags": ["eu"]},
}


class Showroom:
    """What the pages of a furnished server are about. `runs` are the identifiers of flow runs by what they show."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.deployments: dict[str, str] = {}
        self.runs: dict[str, str] = {}

    def furnish(self) -> Showroom:
        """Wants a started system with a worker. Waits until every run has got as far as it will."""
        shutil.copy(FLOWS, self.system.flows)
        self._make_pools_and_store()
        for name, made in DEPLOYMENTS.items():
            self.deployments[name] = self._deploy(name, made)
        self._make_automation("etl-eu")
        self._start("completed", "etl-eu")
        eventually(lambda: self.state_of("completed")["type"] in ENDED, seconds=ENDS_SECONDS)
        self._start("failed", "etl-eu", broken=True)
        self._start("trained", "train-weekly")
        self._start("paused", "refunds")
        self._start("waiting", "lonely")
        for shows in ("failed", "trained"):
            eventually(lambda shows=shows: self.state_of(shows)["type"] in ENDED, seconds=ENDS_SECONDS)
        eventually(lambda: self.state_of("paused")["type"] == "PAUSED", seconds=ENDS_SECONDS)
        return self

    def start(self, deployment: str, **parameters: Any) -> str:
        """Start a run now and return its identifier."""
        body = {"parameters": parameters}
        path = f"/deployments/{self.deployments[deployment]}/create_flow_run"
        return str(self.system.ask("POST", path, body)["id"])

    def state_of(self, shows: str) -> dict[str, Any]:
        return dict(self.system.ask("GET", f"/flow_runs/{self.runs[shows]}")["state"])

    def _start(self, shows: str, deployment: str, **parameters: Any) -> None:
        self.runs[shows] = self.start(deployment, **parameters)

    def _make_pools_and_store(self) -> None:
        ask = self.system.ask
        ask("POST", "/work_pools/", {"name": "docker-eu", "type": "celery", "concurrency_limit": 4})
        ask(
            "POST", "/variables/", {"name": "warehouse", "value": {"host": "db.internal", "port": 5432}, "tags": ["eu"]}
        )
        ask("POST", "/v2/concurrency_limits/", {"name": "warehouse-connections", "limit": 3})
        secret = ask("GET", "/block_types/slug/secret")
        schema = ask("POST", "/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [secret["id"]]}}})[0]
        block = {"name": "shop-token", "block_type_id": secret["id"], "block_schema_id": schema["id"]}
        ask("POST", "/block_documents/", {**block, "data": {"value": SECRET}})

    def _make_automation(self, deployment: str) -> None:
        happens = {"type": "event", "posture": "Reactive", "expect": ["orders.doubted"], "threshold": 1, "within": 0}
        again = {"type": "run-deployment", "source": "selected", "deployment_id": self.deployments[deployment]}
        body = {"name": "Load doubted orders again", "trigger": happens, "actions": [again]}
        self.system.ask("POST", "/automations/", body)

    def _deploy(self, name: str, made: dict[str, Any]) -> str:
        flow = self.system.ask("POST", "/flows/", {"name": made["flow"]})
        schedule = made.get("schedule")
        body = {
            "name": name,
            "flow_id": flow["id"],
            "work_pool_name": made.get("pool", "default"),
            "path": str(self.system.flows),
            "entrypoint": f"flows.py:{made['function']}",
            "tags": made.get("tags", []),
            "description": made.get("description"),
            "parameters": made.get("parameters", {}),
            "parameter_openapi_schema": schema_of(made["function"]),
            "schedules": [{"schedule": schedule, "active": True}] if schedule else [],
        }
        return str(self.system.ask("POST", "/deployments/", body)["id"])


def schema_of(function: str) -> dict[str, Any]:
    """The schema of a flow's parameters, as deploying it would send it."""
    from tests.showroom import flows

    return dict(getattr(flows, function).parameters)
