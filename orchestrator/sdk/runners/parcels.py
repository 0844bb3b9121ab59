"""What travels when a task run executes in another process: the run on its way out, and how it went on its way back.

Both are pickled by cloudpickle, so functions of scripts, notebooks and closures travel whole; what belongs to an
importable module is imported again at the other end. Whoever receives one must know where it comes from: unpickling
executes what the sender likes.
"""

from __future__ import annotations

import pickle
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.crashes import describe_error
from orchestrator.sdk.errors import FailedRun, TaskNotSendable
from orchestrator.sdk.outcomes.states import Failed, State

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow_run import FlowRun
    from orchestrator.sdk.tasks.task import Task
    from orchestrator.sdk.tasks.task_run import TaskRun

# These stay behind: the process that executes the run has its own.
_STAYS = frozenset({"task", "flow_run", "parameters", "wait_for", "_client", "_logger"})
# Options of a flow that also say something about its tasks.
_FOR_TASKS = frozenset({"log_prints", "persist_result", "result_storage", "result_serializer"})
_KEPT_PARAMETERS_BYTES = 65_536  # parameters of the flow that are larger do not travel with each of its tasks


@dataclass(frozen=True, slots=True)
class FlowRunFacts:
    """What a task run may ask of its flow run."""

    id: str
    name: str
    flow_id: str | None
    deployment_id: str | None
    run_count: int
    flow_name: str
    flow_options: dict[str, Any]
    tags: tuple[str, ...]
    recorded: bool  # whether the flow run is known to a server
    parameters: dict[str, Any] = field(default_factory=dict)  # empty when they are large


@dataclass(slots=True)
class Reply:
    """How it went: the states that the run entered, in order, the last one final."""

    name: str | None  # None: as it was sent
    states: list[State]
    told: int = 0  # how many of them the server has been told already


class Packer:
    """Packs the task runs of one flow run. What they have in common, such as the task, is pickled once."""

    def __init__(self) -> None:
        self._heads: dict[int, tuple[Any, bytes]] = {}

    def pack(self, run: TaskRun, parameters: dict[str, Any]) -> bytes:
        """The run with these parameters, in which no futures are left. Raises TaskNotSendable."""
        facts = {name: value for name, value in vars(run).items() if name not in _STAYS}
        try:
            return pickle.dumps((self._head(run.task, run.flow_run), _dumps((facts, parameters))))
        except TaskNotSendable:
            raise
        except Exception as error:
            raise TaskNotSendable(
                f"Task run {run.name!r} cannot be sent to another process, because its parameters cannot be pickled: "
                f"{type(error).__name__}: {error}"
            ) from error

    def _head(self, task: Task[Any, Any], flow_run: FlowRun | None) -> bytes:
        known = self._heads.get(id(task))
        if known is not None and known[0] is task:
            return known[1]
        facts = _facts_of(flow_run) if flow_run is not None else None
        try:
            head = _dumps((task, facts))
        except Exception as error:
            raise TaskNotSendable(
                f"Task {task.name!r} cannot be sent to another process, because something that its function uses "
                f"cannot be pickled: {type(error).__name__}: {error}"
            ) from error
        self._heads[id(task)] = (task, head)
        return head


def unpack(parcel: bytes) -> tuple[bytes, dict[str, Any], dict[str, Any]]:
    """What the runs of one flow run have in common, still pickled; the facts of this one; its parameters."""
    head, body = pickle.loads(parcel)
    facts, parameters = pickle.loads(body)
    return head, facts, parameters


def pack_reply(reply: Reply, *, most_bytes: int | None = None) -> bytes:
    """The reply. A result or exception that cannot travel makes the last state say so; `most_bytes` None: no limit."""
    final = reply.states[-1]
    if isinstance(final.outcome, BaseException):
        _note_traceback(final.outcome)
        if not _comes_back(final.outcome):
            text = describe_error("The task", final.outcome)
            told = FailedRun(f"{text} (the exception itself cannot be sent)")
            reply.states[-1] = final.with_(outcome=told)
    try:
        packed = _dumps(reply)
    except Exception as error:  # noqa: BLE001 - the author's object may raise anything when it is pickled
        return _dumps(_without_result(reply, f"it cannot be pickled: {type(error).__name__}: {error}"))
    if most_bytes is not None and len(packed) > most_bytes:
        why = f"it takes {len(packed):,} bytes, and {most_bytes:,} are the most; store it, and return where it is"
        return _dumps(_without_result(reply, why))
    return packed


def unpack_reply(packed: bytes) -> Reply:
    reply: Reply = pickle.loads(packed)
    return reply


def _dumps(value: Any) -> bytes:
    import cloudpickle

    dumped: bytes = cloudpickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    return dumped


def _facts_of(flow_run: FlowRun) -> FlowRunFacts:
    facts: dict[str, Any] = {
        "id": flow_run.id,
        "name": flow_run.name,
        "flow_id": flow_run.flow_id,
        "deployment_id": flow_run.deployment_id,
        "run_count": flow_run.run_count,
        "flow_name": flow_run.flow.name,
        "flow_options": {name: value for name, value in flow_run.flow._options.items() if name in _FOR_TASKS},
        "tags": flow_run.tags,
        "recorded": flow_run.client is not None,
    }
    try:
        small = len(_dumps(flow_run.parameters)) <= _KEPT_PARAMETERS_BYTES
    except Exception:  # noqa: BLE001 - futures among them, or what cannot be pickled; the task itself may do without
        small = False
    return FlowRunFacts(**facts, parameters=dict(flow_run.parameters) if small else {})


def _without_result(reply: Reply, why: str) -> Reply:
    """The run did its work, but nobody can have what it returned: it failed."""
    final = reply.states[-1]
    message = f"The task ended as {final.name}, but its result cannot be sent back: {why}."
    failed = Failed(message=message, data=FailedRun(message)).with_(timestamp=final.timestamp)
    return Reply(name=reply.name, states=[*reply.states[:-1], failed], told=reply.told)


def _note_traceback(error: BaseException) -> None:
    """Tracebacks cannot travel; their text can."""
    lines = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    if lines:
        error.add_note(f"Where it was raised, in the process that executed the task:\n{lines}")


def _comes_back(error: BaseException) -> bool:
    """Many exceptions can be pickled and not unpickled, because their arguments are not those of their class."""
    try:
        pickle.loads(_dumps(error))
    except Exception:  # noqa: BLE001 - the author's class may raise anything
        return False
    return True
