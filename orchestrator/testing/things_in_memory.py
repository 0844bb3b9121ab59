"""What runs use besides themselves, in a test: variables, artifacts, inputs, slots of concurrency limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import uuid4

from orchestrator.contract.states import StateType, Status
from orchestrator.contract.times import format_time, now
from orchestrator.testing.runs_in_memory import NOT_FOUND, Answer

if TYPE_CHECKING:
    from orchestrator.testing.runs_in_memory import RunsInMemory


class ThingsInMemory:
    """Rows as the API writes them. Slots are always free: a test has nobody to wait for."""

    def __init__(self, runs: RunsInMemory) -> None:
        self._runs = runs
        self.variables: dict[str, dict[str, Any]] = {}
        self.artifacts: list[dict[str, Any]] = []
        self.inputs: dict[tuple[str, str], dict[str, Any]] = {}

    # --- variables

    def create_variable(self, body: Any) -> Answer:
        if body["name"] in self.variables:
            return 409, {"detail": f"A variable with the name {body['name']!r} already exists."}
        row = {"tags": [], **body, **_stamps()}
        self.variables[body["name"]] = row
        return 201, row

    def read_variable(self, body: Any, name: str) -> Answer:
        row = self.variables.get(unquote(name))
        return (200, row) if row else (404, {"detail": "Variable not found"})

    def change_variable(self, body: Any, name: str) -> Answer:
        if unquote(name) not in self.variables:
            return 404, {"detail": "Variable not found"}
        self.variables[unquote(name)].update(body)
        return 204, None

    def delete_variable(self, body: Any, name: str) -> Answer:
        return (204, None) if self.variables.pop(unquote(name), None) else (404, {"detail": "Variable not found"})

    # --- artifacts

    def create_artifact(self, body: Any) -> Answer:
        row = {"key": None, "type": None, "description": None, "data": None, "metadata_": None, **body, **_stamps()}
        self.artifacts.append(row)
        return 201, row

    def read_latest_artifact(self, body: Any, key: str) -> Answer:
        rows = [row for row in self.artifacts if row["key"] == unquote(key)]
        return (200, rows[-1]) if rows else NOT_FOUND

    def read_artifact(self, body: Any, artifact_id: str) -> Answer:
        rows = [row for row in self.artifacts if row["id"] == artifact_id]
        return (200, rows[0]) if rows else NOT_FOUND

    def change_artifact(self, body: Any, artifact_id: str) -> Answer:
        status, row = self.read_artifact(None, artifact_id)
        if status == 404:
            return NOT_FOUND
        row.update(body)
        return 204, None

    # --- inputs of runs

    def create_input(self, body: Any, run_id: str) -> Answer:
        if (run_id, body["key"]) in self.inputs:
            return 409, {"detail": "A flow run input with this key already exists."}
        self.inputs[run_id, body["key"]] = {"sender": None, **body, **_stamps(), "flow_run_id": run_id}
        return 201, None

    def filter_inputs(self, body: Any, run_id: str) -> Answer:
        left_out = set(body.get("exclude_keys") or [])
        rows = [
            row
            for (owner, key), row in self.inputs.items()
            if owner == run_id and key.startswith(body["prefix"]) and key not in left_out
        ]
        return 200, rows[: body.get("limit") or 1]

    def read_input(self, body: Any, run_id: str, key: str) -> Answer:
        row = self.inputs.get((run_id, unquote(key)))
        return (200, row["value"]) if row else NOT_FOUND

    def delete_input(self, body: Any, run_id: str, key: str) -> Answer:
        return (204, None) if self.inputs.pop((run_id, unquote(key)), None) else NOT_FOUND

    def resume(self, body: Any, run_id: str) -> Answer:
        run = self._runs.flow_runs.get(run_id)
        if run is None:
            return NOT_FOUND
        state = run["state"]
        if state["type"] != StateType.PAUSED:
            reason = "Cannot resume a run that is not paused."
            return 200, {"status": Status.ABORT, "state": None, "details": {"reason": reason}}
        keyset = state["state_details"].get("run_input_keyset")
        given = (body or {}).get("run_input")
        if keyset and given is not None:
            from json import dumps

            self.inputs[run_id, keyset["response"]] = {"value": dumps(given), "key": keyset["response"], **_stamps()}
        resumed = {"type": "RUNNING", "name": "Running"}
        if state["state_details"].get("pause_reschedule"):
            resumed = {"type": "SCHEDULED", "name": "Resuming"}
        self._runs.move(run, resumed)
        return 201, {"status": Status.ACCEPT, "state": run["state"], "details": {"type": "accept_details"}}

    # --- slots

    def take_slots(self, body: Any) -> Answer:
        return 200, [{"id": str(uuid4()), "name": name, "limit": 1} for name in body.get("names") or []]

    def take_slots_with_lease(self, body: Any) -> Answer:
        return 200, {"lease_id": str(uuid4()), "limits": self.take_slots(body)[1]}

    def give_slots(self, body: Any, *lease: str) -> Answer:
        return 204, None


def _stamps() -> dict[str, str]:
    moment = format_time(now())
    return {"id": str(uuid4()), "created": moment, "updated": moment}
