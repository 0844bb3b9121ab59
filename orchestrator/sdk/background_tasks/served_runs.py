"""A background task run in the process that executes it: it was made elsewhere, and keeps its identity and counters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.contract.events import resource
from orchestrator.contract.times import parse_time
from orchestrator.sdk.outcomes.states import Pending, State
from orchestrator.sdk.recording.logs import RunLogger, task_run_logger
from orchestrator.sdk.recording.task_events import StateChange
from orchestrator.sdk.tasks.task_run import TaskRun

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.sdk.api.client import Client
    from orchestrator.sdk.tasks.task import Task

# Details of a state that hold for all states of the run that are not final: whoever takes the run over needs them.
_KEPT_DETAILS = ("deferred", "task_parameters_id")


class ServedTaskRun(TaskRun):
    """A run as the API writes it. Made, it is in the state that the server knows; `take` makes it Pending."""

    def __init__(self, task: Task[Any, Any], known: dict[str, Any], *, client: Client) -> None:
        self._is_told = False
        self._flow_run_id = str(known["flow_run_id"]) if known.get("flow_run_id") else None
        super().__init__(task, {})
        self.flow_run, leaves = None, self.flow_run
        if leaves is not None:
            # It outlives the flow run that delayed it.
            leaves.live_task_runs.discard(self)
        self.id = str(known["id"])
        self.name = known["name"]
        self.dynamic_key = known["dynamic_key"]
        self.tags = tuple(known.get("tags") or ())
        self.task_inputs = known.get("task_inputs") or {}
        self.run_count = int(known.get("run_count") or 0)
        self.flow_run_run_count = int(known.get("flow_run_run_count") or 0)
        self.start_time = _time(known.get("start_time"))
        self.end_time = None
        self.total_run_time_seconds = float(known.get("total_run_time") or 0.0)
        self.state = State.from_wire(known["state"])
        self.expected_start_time = _time(known.get("expected_start_time")) or self.state.timestamp
        self._kept = {name: self.state.details[name] for name in _KEPT_DETAILS if self.state.details.get(name)}
        self._client = client
        self._is_told = True

    @property
    def flow_run_id(self) -> str | None:
        """Of the flow run that delayed it."""
        return self._flow_run_id

    @property
    def parameters_id(self) -> str | None:
        """Where its arguments are stored; None when it has none."""
        return self._kept.get("task_parameters_id")

    @property
    def logger(self) -> RunLogger:
        if self._logger is None:
            self._logger = task_run_logger(
                flow_run_id=self.flow_run_id,
                task_run_id=self.id,
                name=self.name,
                delivery=self._client.delivery if self._client is not None else None,
            )
        return self._logger

    def take(self, parameters: dict[str, Any], wait_for: list[Any]) -> None:
        """Execute it here, with these arguments."""
        self.parameters, self.wait_for = parameters, wait_for
        self.enter(Pending())

    def enter(self, state: State) -> State:
        if not state.is_terminal:
            for name, value in self._kept.items():
                state.details.setdefault(name, value)
        if self.flow_run_id is not None:
            state.details.setdefault("flow_run_id", self.flow_run_id)
        return super().enter(state)

    def _tell(self, *, before: State | None) -> None:
        if self._is_told and self._client is not None:
            self._client.delivery.put_event(_ServedChange(self, before=before, after=self.state))


def announce(run: ServedTaskRun) -> None:
    """Tell of the state in which the run was made, as clients of the contract do after they made it."""
    run._tell(before=None)


class _ServedChange(StateChange):
    """The flow run that delayed it is known by its id alone."""

    __slots__ = ("_flow_run_id",)

    def __init__(self, run: ServedTaskRun, *, before: State | None, after: State) -> None:
        super().__init__(run, before=before, after=after)
        self._flow_run_id = run.flow_run_id

    def _related(self) -> list[dict[str, str]]:
        flow_run = [resource("flow-run", self._flow_run_id, role="flow-run")] if self._flow_run_id else []
        return [*flow_run, *super()._related()][:100]


def _time(text: Any) -> datetime | None:
    return parse_time(text) if text else None
