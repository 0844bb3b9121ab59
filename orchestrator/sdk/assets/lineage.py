"""Which assets a task run is made from, and the events that tell what became of those it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.sdk.context import current_task_run
from orchestrator.sdk.errors import EventError
from orchestrator.sdk.events import emit_event

if TYPE_CHECKING:
    from orchestrator.sdk.outcomes.states import State
    from orchestrator.sdk.tasks.task_run import TaskRun


def note_upstream(run: TaskRun) -> None:
    """Look up the assets behind the inputs of the run, and leave word for the tasks that get its result: the assets
    that it makes, or without any, those that it was made from."""
    known = run.flow_run.assets_of_runs if run.flow_run is not None else {}
    inherited = (asset for inputs in run.task_inputs.values() for each in inputs for asset in known.get(each["id"], ()))
    run.upstream_assets = tuple(dict.fromkeys([*inherited, *run.task.asset_deps]))
    passed_on = run.task.assets or run.upstream_assets
    if passed_on:
        known[run.id] = passed_on


def tell(run: TaskRun, state: State) -> None:
    """Tell what became of the assets that the run makes. One whose result was known made nothing; nor did one that
    crashed or was cancelled tell what it did."""
    if state.name == "Cached" or not (state.is_completed() or state.is_failed()):
        return
    event = f"prefect.asset.materialization.{'succeeded' if state.is_completed() else 'failed'}"
    related = [{"prefect.resource.id": asset.key, "prefect.resource.role": "asset"} for asset in run.upstream_assets]
    tool = run.task.materialized_by
    if tool is not None:
        related.append({"prefect.resource.id": tool, "prefect.resource.role": "asset-materialized-by"})
    token = current_task_run.set(run)
    try:
        for asset in run.upstream_assets:
            emit_event("prefect.asset.referenced", resource=asset.as_resource(), related=[])
        for asset in dict.fromkeys(run.task.assets):
            emit_event(event, resource=asset.as_resource(), related=related, payload=run.asset_metadata.get(asset.key))
    except EventError as error:
        run.logger.error(f"The server is not told of the assets: {error}")
    finally:
        current_task_run.reset(token)
