"""Task runs travel as events: one per state, built in the sending thread from what was true at that moment."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from orchestrator.contract.events import ORCHESTRATION_LABEL, resource, state_event_name
from orchestrator.contract.times import format_time

if TYPE_CHECKING:
    from orchestrator.sdk.outcomes.states import State
    from orchestrator.sdk.tasks.task_run import TaskRun

_MAX_LABEL_LENGTH = 100_000  # characters of a state's message inside a label


class StateChange:
    """One task run entered one state. Counters are copied, because the run goes on while this waits."""

    __slots__ = ("_after", "_before", "_end_time", "_name", "_run", "_run_count", "_start_time", "_total_seconds")

    def __init__(self, run: TaskRun, *, before: State | None, after: State) -> None:
        self._run = run
        self._before = before
        self._after = after
        self._name = run.name
        self._run_count = run.run_count
        self._start_time = run.start_time
        self._end_time = run.end_time
        self._total_seconds = run.total_run_time_seconds

    def to_wire(self) -> dict[str, Any]:
        run, before, after = self._run, self._before, self._after
        occurred = format_time(after.timestamp)
        return {
            "id": str(after.id),
            "follows": str(before.id) if before is not None else None,
            "occurred": occurred,
            "event": state_event_name("task-run", after.name),
            "resource": resource(
                "task-run",
                run.id,
                name=self._name,
                **{
                    "prefect.run-count": str(self._run_count),
                    "prefect.state-message": (after.message or "")[:_MAX_LABEL_LENGTH],
                    "prefect.state-name": after.name,
                    "prefect.state-timestamp": occurred,
                    "prefect.state-type": after.type.value,
                    ORCHESTRATION_LABEL: "client",
                },
            ),
            "related": self._related(),
            "payload": {
                "intended": {"from": before.type.value if before is not None else None, "to": after.type.value},
                "initial_state": _state(before) if before is not None else None,
                "validated_state": _state(after),
                "task_run": self._task_run(),
            },
        }

    def _related(self) -> list[dict[str, str]]:
        run = self._run
        related = []
        if run.flow_run is not None:
            related.append(resource("flow-run", run.flow_run.id, name=run.flow_run.name, role="flow-run"))
            if run.flow_run.flow_id:
                related.append(resource("flow", run.flow_run.flow_id, name=run.flow_run.flow.name, role="flow"))
            if run.flow_run.deployment_id:
                related.append(resource("deployment", run.flow_run.deployment_id, role="deployment"))
        for tag in run.tags:
            related.append({"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"})
        return related[:100]

    def _task_run(self) -> dict[str, Any]:
        run = self._run
        sent: dict[str, Any] = {
            "name": self._name,
            "task_key": run.task.task_key,
            "dynamic_key": run.dynamic_key,
            "empirical_policy": run.task.policy,
            "tags": list(run.tags),
            "labels": {},
            "task_inputs": run.task_inputs,
            "run_count": self._run_count,
            "flow_run_run_count": run.flow_run_run_count,
            "expected_start_time": format_time(run.expected_start_time),
            "total_run_time": self._total_seconds,
        }
        for key, moment in (("start_time", self._start_time), ("end_time", self._end_time)):
            if isinstance(moment, datetime):
                sent[key] = format_time(moment)
        for key in ("cache_key", "cache_expiration"):
            if self._after.details.get(key) is not None:
                sent[key] = self._after.details[key]
        if run.task.version is not None:
            sent["task_version"] = run.task.version
        return sent


def _state(state: State) -> dict[str, Any]:
    return {
        "type": state.type.value,
        "name": state.name,
        "message": state.message or "",
        "state_details": state.details,
        "data": state.data,
    }
