"""The arguments of a background task run, stored under an id until somebody executes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.sdk.background_tasks.futures import BackgroundFuture
from orchestrator.sdk.background_tasks.input_forms import know_them
from orchestrator.sdk.dependencies.annotations import Annotation
from orchestrator.sdk.dependencies.futures import TaskFuture
from orchestrator.sdk.errors import MissingResult
from orchestrator.sdk.results.keeping import store_of
from orchestrator.sdk.results.storage import ARGUMENTS_FOLDER

if TYPE_CHECKING:
    from orchestrator.sdk.results.store import ResultStore
    from orchestrator.sdk.tasks.task import Task


def store_inputs(task: Task[Any, Any], inputs_id: str, *, parameters: dict[str, Any], wait_for: list[Any]) -> None:
    """Write them to the task's result storage, by its serializer: who chose JSON reads no pickles there.

    Futures of this process are waited for, and travel as the states that they ended in; those of background tasks are
    left to whoever executes the run. Raises ResultNotSerializable, ResultStorageError.
    """
    inputs = {"parameters": _settled(parameters), "wait_for": _settled(wait_for)}
    _store(task).write(inputs, key=_key(inputs_id))


def read_inputs(task: Task[Any, Any], inputs_id: str) -> tuple[dict[str, Any], list[Any]]:
    """The parameters, and what to wait for.

    Raises MissingResult when they are not there, ResultStorageError when they cannot be read.
    """
    record = _store(task).find(_key(inputs_id))
    if record is None:
        raise MissingResult(
            f"The arguments are not in {_store(task).result_storage!r}. Whoever delays a task and whoever executes it "
            "need a storage that both reach: the task's result_storage, or ORCHESTRATOR_DEFAULT_RESULT_STORAGE."
        )
    inputs = record.result
    return dict(inputs.get("parameters") or {}), list(inputs.get("wait_for") or [])


def forget_inputs(task: Task[Any, Any], inputs_id: str) -> None:
    """Delete them, where the storage can. Raises ResultStorageError."""
    _store(task).remove(_key(inputs_id))


def _store(task: Task[Any, Any]) -> ResultStore:
    know_them()
    return store_of(task)


def _key(inputs_id: str) -> str:
    return f"{ARGUMENTS_FOLDER}/{inputs_id}"


def _settled(value: Any) -> Any:
    if isinstance(value, TaskFuture):
        if isinstance(value, BackgroundFuture):
            return value
        value.wait()
        return value.state
    if isinstance(value, Annotation):
        inner = _settled(value.value)
        return value if inner is value.value else type(value)(inner)
    if type(value) is dict:
        settled = {key: _settled(item) for key, item in value.items()}
        return settled if any(settled[key] is not item for key, item in value.items()) else value
    if type(value) in (list, tuple, set, frozenset):
        items = [_settled(item) for item in value]
        return type(value)(items) if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value
