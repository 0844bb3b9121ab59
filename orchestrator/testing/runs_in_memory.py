"""Flow runs, task runs, states, events and logs of a test, with the few rules that the engine relies on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from orchestrator.contract.names import generate_name
from orchestrator.contract.states import TERMINAL, State, StateType, Status
from orchestrator.contract.times import format_time, now

Answer = tuple[int, Any]
NOT_FOUND: Answer = (404, {"detail": "Not found"})


class RunsInMemory:
    """What the server would have in its tables. Rows are as the API writes them, states in the order they came."""

    def __init__(self) -> None:
        self.flows: dict[str, dict[str, Any]] = {}
        self.flow_runs: dict[str, dict[str, Any]] = {}
        self.task_runs: dict[str, dict[str, Any]] = {}
        self.states: dict[str, list[State]] = {}
        self.events: list[dict[str, Any]] = []
        self.logs: list[dict[str, Any]] = []
        self.when_paused: list[Callable[[dict[str, Any]], None]] = []  # called with the run

    # --- flows and flow runs

    def create_flow(self, body: Any) -> Answer:
        for flow in self.flows.values():
            if flow["name"] == body["name"]:
                return 200, flow
        flow = {"tags": [], "labels": {}, **body, "id": str(uuid4()), "created": _now(), "updated": _now()}
        self.flows[flow["id"]] = flow
        return 201, flow

    def read_flow(self, body: Any, flow_id: str) -> Answer:
        return (200, self.flows[flow_id]) if flow_id in self.flows else NOT_FOUND

    def create_flow_run(self, body: Any) -> Answer:
        key = body.get("idempotency_key")
        for run in self.flow_runs.values():
            if key and run["idempotency_key"] == key and run["flow_id"] == body["flow_id"]:
                return 200, run
        run = {
            "idempotency_key": None,
            "deployment_id": None,
            "parent_task_run_id": None,
            "parameters": {},
            "tags": [],
            "empirical_policy": {},
            **body,
            "id": str(uuid4()),
            "name": body.get("name") or generate_name(),
            "created": _now(),
            "run_count": 0,
            "start_time": None,
            "end_time": None,
            "expected_start_time": _now(),
            "total_run_time": 0.0,
        }
        self.flow_runs[run["id"]] = run
        self._write(run, body.get("state") or {"type": "PENDING"})
        return 201, run

    def read_flow_run(self, body: Any, run_id: str) -> Answer:
        return (200, self.flow_runs[run_id]) if run_id in self.flow_runs else NOT_FOUND

    def change_flow_run(self, body: Any, run_id: str) -> Answer:
        if run_id not in self.flow_runs:
            return NOT_FOUND
        self.flow_runs[run_id].update(body)
        return 204, None

    def set_state(self, body: Any, run_id: str) -> Answer:
        run = self.flow_runs.get(run_id)
        if run is None:
            return NOT_FOUND
        proposed, force, current = body["state"], bool(body.get("force")), run["state"]
        kind = StateType(proposed["type"])
        if current["type"] == StateType.CANCELLING and kind is not StateType.CANCELLED and not force:
            return 200, {"status": Status.REJECT, "state": current, "details": {"reason": "The run is cancelling."}}
        if kind is StateType.FAILED and not force and self._has_retries_left(run):
            # The engine does not wait for that moment: in a test nothing takes time.
            delay = float(run["empirical_policy"].get("retry_delay") or 0)
            details = {"scheduled_time": format_time(now() + timedelta(seconds=delay))}
            retry = {"type": "SCHEDULED", "name": "AwaitingRetry", "message": proposed.get("message")}
            self._write(run, {**retry, "state_details": details})
            return 201, {"status": Status.REJECT, "state": run["state"], "details": {"reason": "It is tried again."}}
        self._write(run, proposed)
        answer = {"status": Status.ACCEPT, "state": run["state"], "details": {"type": "accept_details"}}
        if kind is StateType.PAUSED:
            for call in list(self.when_paused):
                call(run)
        return 201, answer

    def move(self, run: dict[str, Any], state: dict[str, Any]) -> None:
        """Bring a flow run into a state, whatever it was."""
        self._write(run, state)

    # --- task runs

    def create_task_run(self, body: Any) -> Answer:
        key = (body.get("flow_run_id"), body["task_key"], body["dynamic_key"])
        for run in self.task_runs.values():
            if (run["flow_run_id"], run["task_key"], run["dynamic_key"]) == key:
                return 200, run
        run = {"flow_run_id": None, "tags": [], "run_count": 0, "start_time": None, "end_time": None, **body}
        run |= {"id": str(body.get("id") or uuid4()), "created": _now(), "total_run_time": 0.0}
        run["of"] = str(run["task_key"]).rpartition("-")[0] or run["task_key"]
        self.task_runs[run["id"]] = run
        self._write(run, body.get("state") or {"type": "PENDING"})
        return 201, run

    def read_task_run(self, body: Any, run_id: str) -> Answer:
        return (200, self.task_runs[run_id]) if run_id in self.task_runs else NOT_FOUND

    def set_task_run_state(self, body: Any, run_id: str) -> Answer:
        run = self.task_runs.get(run_id)
        if run is None:
            return NOT_FOUND
        self._write(run, body["state"])
        return 201, {"status": Status.ACCEPT, "state": run["state"], "details": {"type": "accept_details"}}

    def tracking_ids(self) -> set[str]:
        """The task runs that stand for subflows."""
        return {run["parent_task_run_id"] for run in self.flow_runs.values() if run["parent_task_run_id"]}

    # --- what comes in bulk

    def take_events(self, body: Any) -> Answer:
        known = {event["id"] for event in self.events}
        for event in body:
            if event["id"] not in known:
                known.add(event["id"])
                self.events.append(event)
                if event["event"].startswith("prefect.task-run."):
                    self._record_task_run(event)
        return 204, None

    def take_logs(self, body: Any) -> Answer:
        self.logs += body
        return 201, None

    def _record_task_run(self, event: dict[str, Any]) -> None:
        run_id = event["resource"]["prefect.resource.id"].rpartition(".")[2]
        told = (event.get("payload") or {}).get("task_run") or {}
        parents = [each for each in event["related"] if each.get("prefect.resource.role") == "flow-run"]
        run = self.task_runs.setdefault(
            run_id, {"id": run_id, "created": event["occurred"], "flow_run_id": None, "start_time": None}
        )
        run |= {"tags": [], "run_count": 0, "end_time": None, "total_run_time": 0.0, **run, **told}
        # Before a run is given a name of its own, it has that of its task with the end of its id.
        run.setdefault("of", run["name"].removesuffix(f"-{run_id[-3:]}"))
        if parents:
            run["flow_run_id"] = parents[0]["prefect.resource.id"].rpartition(".")[2]
        state = event["payload"]["validated_state"]
        self._note(run, State.from_wire({**state, "id": event["id"], "timestamp": event["occurred"]}))

    def _has_retries_left(self, run: dict[str, Any]) -> bool:
        retries = (run.get("empirical_policy") or {}).get("retries") or 0
        return bool(run["state"]["type"] == StateType.RUNNING and run["run_count"] <= retries)

    def _write(self, run: dict[str, Any], wire: dict[str, Any]) -> None:
        state = State.from_wire({**wire, "id": None, "timestamp": None})
        if state.type is StateType.RUNNING:
            run["run_count"] += 1
            run["start_time"] = run["start_time"] or format_time(state.timestamp)
        run["end_time"] = format_time(state.timestamp) if state.type in TERMINAL else None
        self._note(run, state)

    def _note(self, run: dict[str, Any], state: State) -> None:
        run |= {"state": state.to_wire(), "state_id": str(state.id), "state_type": state.type, "state_name": state.name}
        self.states.setdefault(run["id"], []).append(state)


def _now() -> str:
    return format_time(now())
