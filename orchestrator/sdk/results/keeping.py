"""Which results are stored, and where: what a run says itself, else its flow, else the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.sdk.context import current_flow_run, current_task_run
from orchestrator.sdk.errors import ResultNotSerializable, ResultStorageError
from orchestrator.sdk.results.store import ResultStore

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow_run import FlowRun
    from orchestrator.sdk.outcomes.states import State


def persists_by_default() -> bool:
    """What ORCHESTRATOR_RESULTS_PERSIST_BY_DEFAULT says."""
    from orchestrator.sdk.configuration.settings import value_of

    return value_of("ORCHESTRATOR_RESULTS_PERSIST_BY_DEFAULT") == "true"


def tasks_persist(otherwise: bool) -> bool:
    """Whether tasks that do not say so themselves store their results: as the setting for tasks says, if it does."""
    from orchestrator.sdk.configuration.settings import value_of

    said = value_of("ORCHESTRATOR_TASKS_DEFAULT_PERSIST_RESULT")
    return otherwise if said is None else said == "true"


def flow_persists(flow: Any) -> bool:
    """Whether a flow stores its result, and its tasks theirs. A storage or a serializer says so too."""
    said: bool | None = getattr(flow, "persist_result", None)
    if said is not None:
        return said
    asked = (getattr(flow, "result_storage", None), getattr(flow, "result_serializer", None))
    return any(each is not None for each in asked) or persists_by_default()


def store_of(*owners: Any, lock_manager: Any = None, key_storage: Any = None) -> ResultStore:
    """The store of a task or flow; the first of `owners` (the task, then its flow) that says something counts."""
    return ResultStore(
        _first(owners, "result_storage"),
        metadata_storage=key_storage,
        lock_manager=lock_manager,
        serializer=_first(owners, "result_serializer"),
    )


def store_here() -> ResultStore:
    """The store of the run that calls; outside of runs, the default one."""
    task_run, flow_run = current_task_run.get(), current_flow_run.get()
    task = task_run.task if task_run is not None else None
    return store_of(task, flow_run.flow if flow_run is not None else None)


def with_stored_result(run: FlowRun, final: State) -> State:
    """The final state of a flow run; a completed one with its result stored, if the flow says so. Blocks.

    A result that cannot be stored is logged, and the run ends as it would have without.
    """
    from orchestrator.sdk.outcomes.states import MISSING

    if not final.is_completed() or final.data is not None or final.outcome is MISSING or not run.persists_results:
        return final
    try:
        store = store_of(run.flow)
        record = store.write(final.outcome)
    except (ResultNotSerializable, ResultStorageError) as error:
        run.logger.warning(f"The result is not stored: {error}")
        return final
    return final.with_(data=record.metadata.to_wire())


def _first(owners: tuple[Any, ...], name: str) -> Any:
    return next((found for owner in owners if (found := getattr(owner, name, None)) is not None), None)
