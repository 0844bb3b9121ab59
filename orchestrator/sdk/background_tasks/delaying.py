"""`task.delay(…)`: a run of the task that whoever serves the task executes, now or later, here or elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from orchestrator.contract.ids import uuid7
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.run_client import needed_client
from orchestrator.sdk.background_tasks.futures import BackgroundFuture
from orchestrator.sdk.background_tasks.inputs import store_inputs
from orchestrator.sdk.context import current_flow_run, current_tags
from orchestrator.sdk.dependencies.inputs import edges, listed
from orchestrator.sdk.outcomes.proposed import as_proposed
from orchestrator.sdk.outcomes.states import Scheduled, State

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow_run import FlowRun
    from orchestrator.sdk.tasks.task import Task


def delay(
    task: Task[Any, Any],
    args: Iterable[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    wait_for: Any = None,
    dependencies: Mapping[str, Iterable[Any]] | None = None,
) -> BackgroundFuture[Any]:
    """Have the task executed by whoever serves it. Nobody need do so yet.

    The arguments are put into the task's result storage. `wait_for` are futures or states that must have completed
    before it begins; `dependencies` are further edges, `{parameter: [{"input_type": "task_run", "id": …}]}`.

    Raises MissingContext without a server, ParameterBindError, ResultNotSerializable when an argument cannot be stored,
    ServerUnreachable, ApiError.
    """
    parameters = task.binder.bind(tuple(args or ()), dict(kwargs or {}))
    return delay_bound(task, parameters, wait_for=wait_for, dependencies=dependencies)


def delay_bound(
    task: Task[Any, Any],
    parameters: dict[str, Any],
    *,
    wait_for: Any = None,
    dependencies: Mapping[str, Iterable[Any]] | None = None,
) -> BackgroundFuture[Any]:
    """`delay`, of arguments that have their parameters' names already."""
    flow_run = current_flow_run.get()
    client = needed_client(f"Delaying task {task.name!r}")
    awaited = listed(wait_for)
    run_id = str(uuid7())
    details: dict[str, Any] = {"deferred": True, "task_run_id": run_id}
    if parameters or awaited:
        details["task_parameters_id"] = str(uuid7())
        store_inputs(task, details["task_parameters_id"], parameters=parameters, wait_for=awaited)
    inputs: dict[str, list[Any]] = dict(
        edges(parameters, wait_for=awaited, origins=flow_run.origins if flow_run is not None else None)
    )
    for name, more in (dependencies or {}).items():
        inputs[name] = [*inputs.get(name, []), *(_as_json(each) for each in more)]
    created = _create(
        client, task, run_id=run_id, flow_run=flow_run, state=Scheduled().with_details(**details), inputs=inputs
    )
    return BackgroundFuture(str(created["id"]), name=created["name"], client=client)


def _create(
    client: Client,
    task: Task[Any, Any],
    *,
    run_id: str,
    flow_run: FlowRun | None,
    state: State,
    inputs: dict[str, list[Any]],
) -> dict[str, Any]:
    from orchestrator.sdk.background_tasks.served_runs import ServedTaskRun, announce

    tags = sorted(current_tags.get() | task.tags | (flow_run.flow.tags if flow_run is not None else frozenset()))
    wanted = {
        "id": run_id,
        "name": f"{task.name}-{run_id[-3:]}",
        "flow_run_id": flow_run.id if flow_run is not None else None,
        "task_key": task.task_key,
        "dynamic_key": run_id,
        "task_version": task.version,
        "empirical_policy": task.policy,
        "tags": tags,
        "task_inputs": inputs,
        "state": as_proposed(state),
    }
    created: dict[str, Any] = client.ask("POST", "/task_runs/", wanted)
    announce(ServedTaskRun(task, created, client=client))
    return created


def _as_json(dependency: Any) -> Any:
    dump = getattr(dependency, "model_dump", None)
    if callable(dump):
        return dump(mode="json")
    if hasattr(dependency, "task_run_id"):
        return {"input_type": "task_run", "id": str(dependency.task_run_id)}
    return dependency
