"""What the API answers, as objects: ids are UUIDs, times datetimes, durations timedeltas, states our States.

A record cannot be changed. A field that this version does not know is kept as it came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from orchestrator.contract.states import StateType, Status
from orchestrator.contract.times import parse_time
from orchestrator.sdk.outcomes.states import State
from orchestrator.sdk.server_client.dumping import chosen
from orchestrator.sdk.values.nearest import nearest


class Record:
    """One thing as the server has it. The fields of its JSON are attributes; `model_dump()` gives all of them."""

    _parts: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}

    def __init__(self, wire: Mapping[str, Any]) -> None:
        read = {name: self._read(name, value) for name, value in wire.items()}
        object.__setattr__(self, "_wire", dict(wire))
        object.__setattr__(self, "_values", read)

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("_values", {})
        if name in values:
            return values[name]
        near = nearest(name, values)
        tip = f"; did you mean {near!r}?" if near else ""
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{tip}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is what the server answered and cannot be changed ({name!r})")

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *self._values])

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self._values.items())

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._wire == other._wire

    def __hash__(self) -> int:
        return hash((type(self), str(self._wire.get("id"))))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._wire,)

    def __repr__(self) -> str:
        told = [
            f"{name}={value!r}" for name in ("id", "name", "state") if (value := self._values.get(name)) is not None
        ]
        return f"{type(self).__name__}({', '.join(told)})"

    def model_dump(
        self,
        *,
        mode: str = "python",
        include: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        exclude_none: bool = False,
        exclude_unset: bool = False,
    ) -> dict[str, Any]:
        """All fields by name; with `mode="json"` as the server sent them.

        `include` and `exclude` name fields; `exclude_none` leaves out those of this object, not of its parts, that are
        None. `exclude_unset` changes nothing: a record has what the server sent.
        """
        values = self._wire if mode == "json" else {name: _dumped(value) for name, value in self._values.items()}
        return chosen(values, include=include, exclude=exclude, exclude_none=exclude_none)

    def _read(self, name: str, value: Any) -> Any:
        part = self._parts.get(name)
        if part is not None:
            return None if value is None else part(value)
        if isinstance(value, str):
            if name == "id" or name.endswith("_id"):
                return _uuid(value)
            if name in _TIMES or name.endswith("_time"):
                return _time(value)
        return value


_TIMES = frozenset({"created", "updated", "timestamp", "occurred", "received", "last_polled", "anchor_date"})


def _many(kind: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda wires: [kind(wire) for wire in wires]


def _uuid(text: str) -> Any:
    try:
        return UUID(text)
    except ValueError:
        return text


def _time(text: str) -> Any:
    try:
        return parse_time(text)
    except ValueError:
        return text


def _seconds(value: Any) -> Any:
    return timedelta(seconds=value) if isinstance(value, (int, float)) else value


def _state_type(value: str) -> Any:
    try:
        return StateType(value)
    except ValueError:
        return value


def _dumped(value: Any) -> Any:
    if isinstance(value, Record):
        return value.model_dump()
    if isinstance(value, State):
        return value.to_wire()
    if isinstance(value, list):
        return [_dumped(each) for each in value]
    return value


_OF_RUNS: dict[str, Callable[[Any], Any]] = {
    "state": State.from_wire,
    "state_type": _state_type,
    "total_run_time": _seconds,
    "estimated_run_time": _seconds,
    "estimated_start_time_delta": _seconds,
}


class Flow(Record):
    """A flow: `id`, `name`, `tags`, `created`, …"""


class FlowRun(Record):
    """A run of a flow: `id`, `name`, `flow_id`, `deployment_id`, `state`, `parameters`, `tags`, `start_time`, …"""

    _parts = _OF_RUNS


class TaskRun(Record):
    """A run of a task: `id`, `name`, `flow_run_id`, `state`, `run_count`, `tags`, …"""

    _parts = _OF_RUNS


class Schedule(Record):
    """When to run: `cron`, `interval` (a timedelta) or `rrule`, and `timezone`."""

    _parts: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"interval": _seconds}


class DeploymentSchedule(Record):
    """A schedule of a deployment: `id`, `schedule`, `active`, `parameters`, `slug`, …"""

    _parts: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"schedule": Schedule}


class DeploymentResponse(Record):
    """A deployment: `id`, `name`, `flow_id`, `schedules`, `parameters`, `work_pool_name`, `paused`, …"""

    _parts: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"schedules": _many(DeploymentSchedule)}


class WorkPool(Record):
    """A work pool: `id`, `name`, `type`, `is_paused`, `concurrency_limit`, `base_job_template`, …"""


class WorkQueue(Record):
    """A work queue of a pool: `id`, `name`, `priority`, `is_paused`, `concurrency_limit`, …"""


class Worker(Record):
    """A worker of a pool: `id`, `name`, `status`, `last_heartbeat_time`, …"""


class WorkerFlowRun(Record):
    """A run that waits for a worker: `work_pool_id`, `work_queue_id`, `flow_run`."""

    _parts: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"flow_run": FlowRun}


class Log(Record):
    """A log line: `message`, `level`, `timestamp`, `flow_run_id`, `task_run_id`, …"""


class ArtifactRecord(Record):
    """An artifact: `id`, `key`, `type`, `data`, `description`, `flow_run_id`, …"""


class VariableRecord(Record):
    """A variable: `id`, `name`, `value`, `tags`."""


class BlockRecord(Record):
    """A block type, block schema or saved block."""


class ConcurrencyLimit(Record):
    """A concurrency limit, of a tag or by name: `limit` or `concurrency_limit`, `active_slots`, …"""


class AutomationRecord(Record):
    """An automation: `id`, `name`, `enabled`, `trigger`, `actions`, …"""


class EventRecord(Record):
    """An event: `id`, `event`, `occurred`, `resource`, `related`, `payload`."""


class EventPage(Record):
    """Some of the events: `events`, how many there are in `total`, and where the `next_page` is, if there is one."""

    _parts: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"events": _many(EventRecord)}


class OrchestrationResult(Record):
    """How the server answered a state: `status` (ACCEPT, REJECT, WAIT or ABORT), `state`, `details`."""

    _parts: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "state": State.from_wire,
        "status": Status,
        "details": Record,
    }


def state_of(wire: Any) -> State:
    return State.from_wire(wire)
