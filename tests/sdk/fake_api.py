"""A server in memory: enough of the contract for the SDK to talk to, and a record of what it was told."""

from __future__ import annotations

import json
import re
import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

from orchestrator.contract.names import generate_name
from orchestrator.contract.states import StateType, Status
from orchestrator.contract.times import format_time, now
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.transport import Request, Response
from orchestrator.sdk.engine.authority import State


class FakeApi:
    """A transport that answers by itself. `down` makes it unreachable; `plan` prepares answers."""

    address = "memory"

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.flows: dict[str, dict[str, Any]] = {}
        self.flow_runs: dict[str, dict[str, Any]] = {}
        self.task_runs: dict[str, dict[str, Any]] = {}
        self.states: dict[str, list[dict[str, Any]]] = {}
        self.events: list[dict[str, Any]] = []
        self.logs: list[dict[str, Any]] = []
        self.deployments: dict[str, dict[str, Any]] = {}
        self.inputs: dict[tuple[str, str], dict[str, Any]] = {}
        self.work_pools: dict[str, dict[str, Any]] = {}  # the job variables that they know
        self.limits: dict[str, dict[str, Any]] = {}
        self.automations: list[dict[str, Any]] = []
        self.down = False
        self.planned: list[tuple[str, dict[str, Any]]] = []
        self._lock = threading.Lock()

    def client(self) -> Client:
        return Client(self, ui_url="http://ui.test")

    def handle(self, request: Request) -> Response:
        if self.down:
            raise ConnectionRefusedError("connection refused")
        with self._lock:
            self.requests.append(request)
            body = json.loads(request.body) if request.body else None
            for method, pattern, answer in self._routes():
                found = re.fullmatch(pattern, request.path)
                if found and method == request.method:
                    status, value = answer(body, *found.groups())
                    return Response(status, b"" if status == 204 else json.dumps(value).encode())
        return Response(404, b'{"detail": "Not found"}')

    # What tests ask.

    def the_run(self) -> dict[str, Any]:
        (run,) = self.flow_runs.values()
        return run

    def state_names(self, run_id: str | None = None) -> list[str]:
        return [state["name"] for state in self.states[run_id or self.the_run()["id"]]]

    def task_states(self, name: str) -> list[str]:
        """The state names of the task runs whose name begins so, in the order of arrival."""
        return [event["payload"]["validated_state"]["name"] for event in self._events_of_task_runs(name)]

    def last_event(self, name: str) -> dict[str, Any]:
        return self._events_of_task_runs(name)[-1]

    def _events_of_task_runs(self, name: str) -> list[dict[str, Any]]:
        events = [event for event in self.events if event["event"].startswith("prefect.task-run.")]
        return [event for event in events if event["payload"]["task_run"]["name"].startswith(name)]

    def messages(self) -> list[str]:
        return [log["message"] for log in self.logs]

    def add_pending_run(self, *, retries: int = 0, **fields: Any) -> dict[str, Any]:
        """A run as a deployment makes it, already claimed by a worker."""
        self._create_flow_run(
            {
                "flow_id": str(uuid4()),
                "state": {"type": "PENDING", "name": "Pending"},
                "empirical_policy": {"retries": retries, "retry_delay": 0},
                **fields,
            }
        )
        return list(self.flow_runs.values())[-1]

    def plan(self, state_name: str, answer: dict[str, Any]) -> None:
        """Answer the next proposal of this state so."""
        self.planned.append((state_name, answer))

    # What the server does.

    def _routes(self) -> list[tuple[str, str, Any]]:
        return [
            ("POST", "/flows/", self._create_flow),
            ("POST", "/flow_runs/", self._create_flow_run),
            ("POST", "/flow_runs/filter", self._filter_flow_runs),
            ("GET", "/flow_runs/([^/]+)", lambda body, run_id: (200, self.flow_runs[run_id])),
            ("PATCH", "/flow_runs/([^/]+)", self._patch_flow_run),
            ("POST", "/flow_runs/([^/]+)/set_state", self._set_state),
            ("GET", r"/flow_run_states/\?flow_run_id=([^&]+)", lambda body, run_id: (200, self.states[run_id])),
            ("POST", "/task_runs/", self._create_task_run),
            ("POST", "/task_runs/filter", self._filter_task_runs),
            ("GET", "/task_runs/([^/]+)", self._read_task_run),
            ("POST", "/events", self._take_events),
            ("POST", "/logs/", self._take_logs),
            ("POST", "/flow_runs/([^/]+)/resume", self._resume),
            ("POST", "/flow_runs/([^/]+)/input", self._give_input),
            ("POST", "/flow_runs/([^/]+)/input/filter", self._filter_inputs),
            ("GET", "/flow_runs/([^/]+)/input/([^/]+)", self._read_input),
            ("DELETE", "/flow_runs/([^/]+)/input/([^/]+)", self._delete_input),
            ("POST", "/deployments/", self._create_deployment),
            ("GET", "/deployments/name/([^/]+)/([^/]+)", self._read_deployment),
            ("POST", "/deployments/([^/]+)/create_flow_run", self._run_deployment),
            ("GET", "/work_pools/([^/]+)", self._read_work_pool),
            ("GET", "/v2/concurrency_limits/([^/]+)", lambda body, name: _found(self.limits.get(name))),
            ("POST", "/automations/", self._create_automation),
            ("DELETE", "/automations/owned-by/([^/]+)", self._delete_automations),
            ("GET", "/automations/related-to/([^/]+)", self._read_automations),
            ("DELETE", "/automations/([^/]+)", self._delete_automation),
        ]

    def _create_flow(self, body: Any) -> tuple[int, Any]:
        known = self.flows.get(body["name"])
        if known:
            return 200, known
        self.flows[body["name"]] = {"id": str(uuid4()), **body}
        return 201, self.flows[body["name"]]

    def _create_flow_run(self, body: Any) -> tuple[int, Any]:
        for run in self.flow_runs.values():
            if body.get("idempotency_key") and run["idempotency_key"] == body["idempotency_key"]:
                return 200, run
        run_id = str(uuid4())
        run = {"idempotency_key": None, "deployment_id": None, "parameters": {}, "tags": [], **body}
        run |= {"id": run_id, "name": body.get("name") or generate_name(), "run_count": 0}
        self.flow_runs[run_id] = run
        self.states[run_id] = []
        self._write(run, body["state"])
        return 201, run

    def _filter_flow_runs(self, body: Any) -> tuple[int, Any]:
        wanted = body.get("flow_runs", {}).get("parent_task_run_id")
        runs = list(self.flow_runs.values())
        return 200, [run for run in runs if wanted is None or run.get("parent_task_run_id") in wanted["any_"]]

    def _patch_flow_run(self, body: Any, run_id: str) -> tuple[int, Any]:
        self.flow_runs[run_id] |= body
        return 204, None

    def _set_state(self, body: Any, run_id: str) -> tuple[int, Any]:
        run = self.flow_runs.get(run_id)
        if run is None:
            return 404, {"exception_message": "not found"}
        proposed = body["state"]
        for index, (name, answer) in enumerate(self.planned):
            if name == proposed["name"]:
                del self.planned[index]
                if answer.get("state"):
                    self._write(run, answer["state"])
                    answer = {**answer, "state": run["state"]}
                return 200, {"details": {}, "state": run["state"], **answer}
        current = run["state"]
        transition_id = proposed["state_details"].get("transition_id")
        if transition_id and current["state_details"].get("transition_id") == transition_id:
            return 200, {"status": Status.REJECT, "state": current, "details": {"reason": "duplicate"}}
        if current["type"] == StateType.CANCELLING and proposed["type"] != StateType.CANCELLED:
            return 200, {"status": Status.REJECT, "state": current, "details": {"reason": "cancelling"}}
        retries = run.get("empirical_policy", {}).get("retries") or 0
        may_retry = current["type"] == StateType.RUNNING and not body["force"] and run["run_count"] <= retries
        if proposed["type"] == StateType.FAILED and may_retry:
            delay = run["empirical_policy"].get("retry_delay") or 0
            begin = format_time(now() + timedelta(seconds=delay))
            details = {"scheduled_time": begin, "transition_id": transition_id}
            self._write(run, {"type": "SCHEDULED", "name": "AwaitingRetry", "state_details": details})
            return 201, {"status": Status.REJECT, "state": run["state"], "details": {"reason": "retry"}}
        scheduled = State.from_wire(current).scheduled_time if proposed["type"] == StateType.RUNNING else None
        if scheduled is not None and (scheduled - now()).total_seconds() >= 1:
            seconds = int((scheduled - now()).total_seconds())
            return 200, {"status": Status.WAIT, "state": None, "details": {"delay_seconds": seconds, "reason": "early"}}
        if proposed["type"] == StateType.RUNNING:
            run["run_count"] += 1
        self._write(run, proposed)
        return 201, {"status": Status.ACCEPT, "state": run["state"], "details": {}}

    def _create_task_run(self, body: Any) -> tuple[int, Any]:
        key = (body["flow_run_id"], body["task_key"], body["dynamic_key"])
        for run in self.task_runs.values():
            if (run["flow_run_id"], run["task_key"], run["dynamic_key"]) == key:
                return 200, run
        run = {"id": str(uuid4()), **body}
        if run.get("state"):
            run["state"] = State.from_wire({**run["state"], "id": None, "timestamp": None}).to_wire()
        self.task_runs[run["id"]] = run
        return 201, run

    def _filter_task_runs(self, body: Any) -> tuple[int, Any]:
        wanted = body["task_runs"]["id"]["any_"]
        return 200, [self.task_runs[run_id] for run_id in wanted if run_id in self.task_runs]

    def _read_task_run(self, body: Any, run_id: str) -> tuple[int, Any]:
        return (200, self.task_runs[run_id]) if run_id in self.task_runs else (404, {"detail": "not found"})

    def _take_events(self, body: Any) -> tuple[int, Any]:
        known = {event["id"] for event in self.events}
        self.events += [event for event in body if event["id"] not in known]
        return 204, None

    def _take_logs(self, body: Any) -> tuple[int, Any]:
        known = {log["id"] for log in self.logs}
        self.logs += [log for log in body if log["id"] not in known]
        return 201, None

    def _resume(self, body: Any, run_id: str) -> tuple[int, Any]:
        if run_id not in self.flow_runs:
            return 404, {"detail": "Not Found"}
        run = self.flow_runs[run_id]
        details = run["state"]["state_details"]
        if "run_input" in body:
            given = json.dumps(body["run_input"])
            self.inputs[run_id, details["run_input_keyset"]["response"]] = {"value": given}
        name = ("SCHEDULED", "Resuming") if details["pause_reschedule"] else ("RUNNING", "Running")
        self._write(run, {"type": name[0], "name": name[1]})
        return 201, {"status": Status.ACCEPT, "state": run["state"], "details": {}}

    def _give_input(self, body: Any, run_id: str) -> tuple[int, Any]:
        if (run_id, body["key"]) in self.inputs:
            return 409, {"detail": "known"}
        self.inputs[run_id, body["key"]] = body
        return 201, None

    def _filter_inputs(self, body: Any, run_id: str) -> tuple[int, Any]:
        rows = [row for (owner, key), row in self.inputs.items() if owner == run_id and key.startswith(body["prefix"])]
        return 200, [row for row in rows if row["key"] not in body["exclude_keys"]][: body["limit"]]

    def _delete_input(self, body: Any, run_id: str, key: str) -> tuple[int, Any]:
        return (204, None) if self.inputs.pop((run_id, key), None) else (404, {"detail": "not found"})

    def _read_input(self, body: Any, run_id: str, key: str) -> tuple[int, Any]:
        row = self.inputs.get((run_id, key))
        return (200, json.loads(row["value"])) if row else (404, {"detail": "not found"})

    def _create_deployment(self, body: Any) -> tuple[int, Any]:
        deployment = {"id": str(uuid4()), **body}
        self.deployments[body["name"]] = deployment
        return 201, deployment

    def _read_deployment(self, body: Any, flow: str, name: str) -> tuple[int, Any]:
        return (200, self.deployments[name]) if name in self.deployments else (404, {"detail": "not found"})

    def _run_deployment(self, body: Any, deployment_id: str) -> tuple[int, Any]:
        state = {"type": "COMPLETED", "name": "Completed"}
        return self._create_flow_run({**body, "state": state, "deployment_id": deployment_id})

    def _read_work_pool(self, body: Any, name: str) -> tuple[int, Any]:
        if name not in self.work_pools:
            return 404, {"detail": "not found"}
        return 200, {"type": "any", "base_job_template": {"variables": {"properties": self.work_pools[name]}}}

    def _create_automation(self, body: Any) -> tuple[int, Any]:
        self.automations.append({"id": str(uuid4()), **body})
        return 201, self.automations[-1]

    def _read_automations(self, body: Any, owner: str) -> tuple[int, Any]:
        return 200, [each for each in self.automations if each.get("owner_resource") == owner]

    def _delete_automation(self, body: Any, automation_id: str) -> tuple[int, Any]:
        self.automations = [each for each in self.automations if each["id"] != automation_id]
        return 204, None

    def _delete_automations(self, body: Any, owner: str) -> tuple[int, Any]:
        self.automations = [each for each in self.automations if each.get("owner_resource") != owner]
        return 202, None

    def _write(self, run: dict[str, Any], state: dict[str, Any]) -> None:
        written = State.from_wire({**state, "id": None, "timestamp": None}).to_wire()
        run["state"] = written
        self.states[run["id"]].append(written)


def _found(row: dict[str, Any] | None) -> tuple[int, Any]:
    return (200, row) if row is not None else (404, {"detail": "not found"})
