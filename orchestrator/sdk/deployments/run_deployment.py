"""`run_deployment(…)`: a run of a deployment, elsewhere; called inside a flow, it is a subflow of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

from orchestrator.contract.ids import uuid7
from orchestrator.contract.times import now, parse_time
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.refusals import refusals
from orchestrator.sdk.api.run_client import needed_client
from orchestrator.sdk.both_ways import both_ways
from orchestrator.sdk.context import current_flow_run, current_tags, current_task_run
from orchestrator.sdk.dependencies.inputs import edges, resolve
from orchestrator.sdk.engine.authority import NewTrackingRun, ServerAuthority
from orchestrator.sdk.errors import (
    ApiError,
    ClaimLost,
    DeploymentError,
    DeploymentNotFound,
    ObjectNotFound,
    OrchestratorError,
    RunAbandoned,
    RunCancelled,
    RunStopped,
)
from orchestrator.sdk.options.checks import checked_seconds, checked_words
from orchestrator.sdk.outcomes.proposed import as_proposed
from orchestrator.sdk.outcomes.states import Cancelling, Scheduled, State
from orchestrator.sdk.values.json_values import to_json
from orchestrator.sdk.watching.until_ended import looks_until_ended

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow_run import FlowRun

_TIMES = frozenset({"created", "updated", "expected_start_time", "next_scheduled_start_time", "start_time", "end_time"})


class DeploymentRun(dict[str, Any]):
    """A flow run as the API writes it; its parts are attributes too.

    As attributes, `state` is a State and times are aware datetimes; as items, both are what the API wrote.
    """

    @property
    def state(self) -> State | None:
        written = self.get("state")
        return State.from_wire(written) if written else None

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[name]
        except KeyError:
            raise AttributeError(f"a flow run has no {name!r}") from None
        return parse_time(value) if name in _TIMES and isinstance(value, str) else value

    def __repr__(self) -> str:
        return f"<DeploymentRun {self.get('name')!r}: {self.state}>"

    __hash__ = object.__hash__  # type: ignore[assignment]  # by identity, so that edges can be drawn from it


@both_ways
def run_deployment(
    name: str | UUID,
    parameters: Mapping[str, Any] | None = None,
    scheduled_time: datetime | None = None,
    flow_run_name: str | None = None,
    timeout: float | None = None,
    poll_interval: float = 5,
    tags: Iterable[str] | None = None,
    idempotency_key: str | None = None,
    work_queue_name: str | None = None,
    as_subflow: bool = True,
    job_variables: Mapping[str, Any] | None = None,
) -> DeploymentRun:
    """Create a run of the deployment, `flow name/deployment name` or its id, and wait until it has ended.

    Returns the run, also when it failed: `run.state.result()` raises then. `timeout` is in seconds: None waits until
    the end, 0 does not wait, and when it is over the run is returned as it is then. The server pushes the end; without
    that, it is noticed within `poll_interval` seconds. `scheduled_time` None is now; `tags` come on top of the
    deployment's and those of `with tags(…)`, `job_variables` go before the deployment's. Two calls with the same
    `idempotency_key` make one run.

    Called inside a flow or a task, the run is a subflow: it is shown in the parent, cancelled with it, and a parent
    that is tried again finds what completed or still runs. `as_subflow=False` makes an independent run.

    Raises DeploymentError when there is no such deployment or when it does not take the parameters, and MissingContext
    without a server. In async code: `await run_deployment(…)`, or `arun_deployment`.
    """
    timeout = checked_seconds(timeout, "timeout", without="to wait until the end", error=DeploymentError)
    words = checked_words(tags, "tags", error=DeploymentError)
    client = needed_client("run_deployment()")
    given: dict[str, Any] = dict(resolve(dict(parameters or {})))
    deployment = _deployment(client, name)
    parent = current_flow_run.get() if as_subflow else None
    tracking_id, child = None, None
    if parent is not None:
        tracking_id, child = _tracked(client, parent, deployment, dict(parameters or {}), name)
    if child is None:
        body = {
            "parameters": to_json(given),
            "state": as_proposed(Scheduled(scheduled_time=scheduled_time or now())),
            "name": flow_run_name,
            "tags": sorted({*words, *current_tags.get()}),
            "idempotency_key": idempotency_key or _key(parent, tracking_id),
            "parent_task_run_id": tracking_id,
            "work_queue_name": work_queue_name,
            "job_variables": to_json(dict(job_variables or {})) or None,
        }
        child = _created(client, deployment, {key: value for key, value in body.items() if value is not None})
    run = _ended(client, DeploymentRun(child), parent, timeout=timeout, poll_interval=poll_interval)
    if parent is not None and tracking_id is not None:
        parent.origins.remember(run, tracking_id)
    return run


arun_deployment = run_deployment.aio


def _deployment(client: Client, name: str | UUID) -> dict[str, Any]:
    identity = _as_id(name)
    if identity is not None:
        path = f"/deployments/{identity}"
    else:
        flow_name, slash, deployment_name = str(name).partition("/")
        if not slash or not flow_name or not deployment_name:
            raise DeploymentError(f"A deployment is named flow name/deployment name, or by its id: {name!r}")
        path = f"/deployments/name/{quote(flow_name, safe='')}/{quote(deployment_name, safe='')}"
    try:
        return dict(client.ask("GET", path))
    except ApiError as error:
        if error.status != 404:
            raise
        raise DeploymentNotFound(
            f"There is no deployment {str(name)!r}", status=error.status, body=error.body
        ) from error


def _tracked(
    client: Client, parent: FlowRun, deployment: Mapping[str, Any], parameters: dict[str, Any], name: str | UUID
) -> tuple[str, dict[str, Any] | None]:
    """The task run that stands for the child in its parent, and the child itself when there is one to go on with."""
    title = str(name) if _as_id(name) is None else f"{_flow_name(client, deployment)}/{deployment['name']}"
    task_key = f"run_deployment.{title}"
    number = parent.next_number(task_key)
    inputs = edges(parameters, wait_for=[], origins=parent.origins)
    task_run = current_task_run.get()
    if task_run is not None and task_run.flow_run is parent:
        inputs["__parents__"] = [{"input_type": "task_run", "id": task_run.id}]
    tracking = NewTrackingRun(
        parent_flow_run_id=parent.id,
        task_key=task_key,
        dynamic_key=str(number),
        name=f"{title}-{number}",
        task_inputs=inputs,
    )
    tracking_id, earlier = ServerAuthority(client).track(tracking)
    if earlier is not None:
        state = DeploymentRun(earlier).state
        if state is not None and state.is_terminal and not state.is_completed():
            earlier = None  # the parent is tried again, and so is what failed in it
    return tracking_id, earlier


def _created(client: Client, deployment: Mapping[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(client.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", body))
    except ApiError as error:
        if error.status not in {400, 404, 409, 422}:
            raise
        why = "; ".join(str(each) for each in refusals(error))
        raise DeploymentError(f"Deployment {deployment['name']!r} cannot be run so: {why}") from error


def _ended(
    client: Client, run: DeploymentRun, parent: FlowRun | None, *, timeout: float | None, poll_interval: float
) -> DeploymentRun:
    """The run when it has ended, or when the time is over. A cancellation of the parent is passed on to it."""

    def reason() -> BaseException | None:
        # In an async flow the waiting goes on in a thread of its own that no stop reaches.
        return parent.stoppable.reason if parent is not None else None

    try:
        for each in looks_until_ended(client, run, timeout=timeout, poll_interval=poll_interval, stop=reason):
            run = DeploymentRun(each)
    except RunStopped as stop:
        if isinstance(stop, RunAbandoned) and parent is not None and parent.stoppable.reason is not None:
            stop = parent.stoppable.reason  # an async parent's cancellation ends the waiting first
        # Whoever lost the parent's claim says nothing more: the child is waited for by the parent's next process.
        if parent is not None and isinstance(stop, RunCancelled) and not isinstance(stop, ClaimLost):
            _cancel(client, run)
        raise
    except ObjectNotFound as error:
        raise DeploymentError(f"Flow run {run['name']!r} was deleted while it was waited for") from error
    return run


def _cancel(client: Client, run: DeploymentRun) -> None:
    """The server cancels what a cancelled run left unfinished too; this is sooner."""
    with suppress(OrchestratorError):
        state = Cancelling(message="The parent flow run was cancelled.")
        ServerAuthority(client).propose(str(run["id"]), state, patience_seconds=2)


def _flow_name(client: Client, deployment: Mapping[str, Any]) -> str:
    return str(client.ask("GET", f"/flows/{deployment['flow_id']}")["name"])


def _key(parent: FlowRun | None, tracking_id: str | None) -> str:
    """An answer may get lost: asked again, the server finds the run. Each attempt of a parent may make another."""
    return f"{tracking_id}-{parent.run_count}" if parent is not None and tracking_id else str(uuid7())


def _as_id(name: str | UUID) -> str | None:
    try:
        return str(UUID(str(name)))
    except ValueError:
        return None
