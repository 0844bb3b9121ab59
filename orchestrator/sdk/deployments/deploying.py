"""Deployments from code: `flow.deploy(…)` and `flow.to_deployment(…)`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.api.client import Client, current_client
from orchestrator.sdk.api.refusals import refusals
from orchestrator.sdk.deployments.schedules import schedule_bodies
from orchestrator.sdk.errors import ApiError, DeploymentError, FlowNotFound, MissingContext
from orchestrator.sdk.type_hints.parameter_schemas import parameter_schema
from orchestrator.sdk.values.json_values import to_json

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow import Flow


SDK_LABEL = "orchestrator.sdk"  # tells workers that the code is written for this SDK
DEFAULT_POOL = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowDeployment:
    """A flow and how it is to be run; made by `flow.to_deployment(…)`. Nothing is sent before `apply()`.

    `paused` None leaves a deployment that exists as it is. Without `work_pool_name` no worker runs it: `serve` does.
    """

    flow: Flow[Any, Any]
    name: str
    path: str | None
    entrypoint: str | None
    work_pool_name: str | None = None
    work_queue_name: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    description: str | None = None
    version: str | None = None
    schedules: tuple[dict[str, Any], ...] = ()
    paused: bool | None = None
    concurrency_limit: int | None = None
    concurrency_options: dict[str, Any] | None = None
    job_variables: dict[str, Any] = field(default_factory=dict)
    pull_steps: list[dict[str, Any]] | None = None
    enforce_parameter_schema: bool = True
    catch_up: dict[str, Any] | None = None

    @property
    def full_name(self) -> str:
        return f"{self.flow.name}/{self.name}"

    def body(self) -> dict[str, Any]:
        """The deployment as the API takes it, without its flow."""
        body: dict[str, Any] = {
            "name": self.name,
            "parameters": to_json(self.parameters),
            "tags": list(self.tags),
            "description": self.description if self.description is not None else self.flow.description,
            "version": self.version or self.flow.version,
            "schedules": list(self.schedules),
            "concurrency_limit": self.concurrency_limit,
            "concurrency_options": self.concurrency_options,
            "job_variables": to_json(self.job_variables),
            "path": self.path,
            "entrypoint": self.entrypoint,
            "pull_steps": self.pull_steps,
            "parameter_openapi_schema": parameter_schema(self.flow.fn),
            "enforce_parameter_schema": self.enforce_parameter_schema,
            "labels": {SDK_LABEL: "python"},
        }
        told = ("work_pool_name", "work_queue_name", "paused", "catch_up")
        return body | {key: getattr(self, key) for key in told if getattr(self, key) is not None}

    def apply(self, *, client: Client | None = None) -> str:
        """Create the deployment, or bring the one of this name up to date; returns its id.

        Raises MissingContext without a server, and DeploymentError for what the server does not accept.
        """
        return apply_body(self.flow.name, self.body(), client=client)


def apply_body(flow_name: str, body: Mapping[str, Any], *, client: Client | None = None) -> str:
    """Create the deployment of this flow, or bring it up to date; returns its id. Raises as `FlowDeployment.apply`."""
    client = client or _client()
    flow_id = client.ask("POST", "/flows/", {"name": flow_name})["id"]
    try:
        return str(client.ask("POST", "/deployments/", {**body, "flow_id": flow_id})["id"])
    except ApiError as error:
        raise _in_plain_words(f"{flow_name}/{body['name']}", error) from error


def to_deployment(
    flow: Flow[Any, Any],
    name: str,
    *,
    work_pool_name: str | None = None,
    work_queue_name: str | None = None,
    cron: str | Iterable[str] | None = None,
    interval: Any = None,
    rrule: str | Iterable[str] | None = None,
    schedule: Any = None,
    schedules: Iterable[Any] | None = None,
    timezone: str | None = None,
    catch_up: str | float | Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    tags: Iterable[str] = (),
    description: str | None = None,
    version: str | None = None,
    paused: bool | None = None,
    concurrency_limit: int | Mapping[str, Any] | None = None,
    job_variables: Mapping[str, Any] | None = None,
    entrypoint: str | None = None,
    path: str | None = None,
    pull_steps: list[dict[str, Any]] | None = None,
    enforce_parameter_schema: bool = True,
    triggers: Any = None,
) -> FlowDeployment:
    """Describe a deployment of the flow, and check what can be checked without a server.

    Workers find the code in `path`, a directory, under `entrypoint`, `relative/file.py:function`. None takes the file
    in which the flow was defined; with `pull_steps`, workers fetch the code by these instead.

    Schedules: `cron`, `interval` (seconds, a timedelta, or `PT1H`) and `rrule`, each one or a list, in `timezone`; or
    `schedule` and `schedules` with what Cron, Interval and RRule make. `catch_up` says what becomes of runs that were
    missed: "planned", "all", "latest", "none", or how many seconds they may be late. `concurrency_limit` is a number,
    or `{"limit": 2, "collision_strategy": "CANCEL_NEW"}`.

    Raises DeploymentError for what is not understood, FlowNotFound when the flow is in no file.
    """
    if triggers:
        raise DeploymentError("Triggers are automations: make one for the deployment, and leave triggers= out here")
    if not pull_steps and (path is None or entrypoint is None):
        found_path, found_entrypoint = code_location(flow)
        path, entrypoint = path or found_path, entrypoint or found_entrypoint
    limit, options = concurrency_columns(concurrency_limit)
    return FlowDeployment(
        flow=flow,
        name=name,
        path=path,
        entrypoint=entrypoint,
        work_pool_name=work_pool_name,
        work_queue_name=work_queue_name,
        parameters=dict(parameters or {}),
        tags=_tags(tags),
        description=description,
        version=version,
        schedules=tuple(
            schedule_bodies(
                cron=cron, interval=interval, rrule=rrule, schedule=schedule, schedules=schedules, timezone=timezone
            )
        ),
        paused=paused,
        concurrency_limit=limit,
        concurrency_options=options,
        job_variables=dict(job_variables or {}),
        pull_steps=pull_steps,
        enforce_parameter_schema=enforce_parameter_schema,
        catch_up=catch_up_policy(catch_up),
    )


def deploy(*deployments: FlowDeployment, work_pool_name: str = DEFAULT_POOL) -> list[str]:
    """Make several deployments in one go, all or none; returns their ids. `work_pool_name` is for those without one.

    Raises MissingContext without a server, and DeploymentError, which names everything that is wrong.
    """
    bodies = [{"work_pool_name": work_pool_name, **each.body(), "flow_name": each.flow.name} for each in deployments]
    try:
        answer = _client().ask("POST", "/deployments/apply", {"deployments": bodies})
    except ApiError as error:
        if error.status == 409 and isinstance(error.body, dict) and "deployments" in error.body:
            steps = error.body["deployments"]
            found = [
                f"{step['flow_name']}/{step['name']}: {problem['message']}"
                for step in steps
                for problem in step["problems"]
            ]
            raise DeploymentError("Nothing was deployed: " + "; ".join(found)) from error
        raise _in_plain_words("What was given", error) from error
    return [str(step["id"]) for step in answer["deployments"]]


def deploy_flow(
    flow: Flow[Any, Any],
    name: str,
    *,
    work_pool_name: str = DEFAULT_POOL,
    print_next_steps: bool = True,
    **options: Any,
) -> str:
    """Create the deployment, or bring the one of this name up to date; returns its id.

    Takes what `to_deployment` takes. `print_next_steps` says where to look and how to run it.
    Raises MissingContext without a server, and what `to_deployment` and `FlowDeployment.apply` raise.
    """
    client = _client()
    deployment = to_deployment(flow, name, work_pool_name=work_pool_name, **options)
    deployment_id = deployment.apply(client=client)
    if print_next_steps:
        print(f"Deployed {deployment.full_name} to work pool {work_pool_name!r}.")
        if client.ui_url:
            print(f"Its runs: {client.runs_url(flow.name)}")
        print(f"Run it with: orchestrator deployment run '{deployment.full_name}' --watch")
    return deployment_id


def catch_up_policy(given: str | float | Mapping[str, Any] | None) -> dict[str, Any] | None:
    """As the API takes it: a policy's name, or how many seconds a missed run may be late. Raises DeploymentError."""
    if given is None or isinstance(given, Mapping):
        return None if given is None else dict(given)
    if isinstance(given, timedelta):
        given = given.total_seconds()
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        return {"policy": "max_age", "max_age_seconds": given}
    if isinstance(given, str):
        return {"policy": given}
    raise DeploymentError(f"catch_up is planned, all, latest, none, or a number of seconds: {given!r}")


def concurrency_columns(given: Any) -> tuple[int | None, dict[str, Any] | None]:
    """A limit and its options, of a number or of an object with the keys limit, collision_strategy and
    grace_period_seconds. Raises DeploymentError."""
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return given, None
    known = ("limit", "collision_strategy", "grace_period_seconds")
    if isinstance(given, Mapping):
        found = dict(given)
    else:
        found = {key: getattr(given, key) for key in known if getattr(given, key, None) is not None}
    unknown = set(found) - set(known)
    if unknown or not isinstance(found.get("limit"), int):
        raise DeploymentError(
            "concurrency_limit is a number, or an object with limit and, if wanted, collision_strategy and "
            f"grace_period_seconds: {given!r}"
        )
    options = {key: to_json(found[key]) for key in known[1:] if found.get(key) is not None}
    if options:
        options.setdefault("collision_strategy", "ENQUEUE")
    return found["limit"], options or None


def code_location(flow: Flow[Any, Any]) -> tuple[str, str]:
    """Directory and entrypoint of the file that defines the flow. Raises FlowNotFound when it has no file."""
    code = getattr(flow.fn, "__code__", None)
    file = os.path.abspath(code.co_filename) if code is not None else ""
    if not os.path.isfile(file):
        raise FlowNotFound(f"Flow {flow.name!r} is in no file that a worker could read; give entrypoint and path")
    here = os.getcwd()
    directory = here if file.startswith(os.path.join(here, "")) else os.path.dirname(file)
    return directory, f"{os.path.relpath(file, directory)}:{flow.fn.__name__}"


def _client() -> Client:
    client = current_client()
    if client is None:
        raise MissingContext("A server is needed: set ORCHESTRATOR_API_URL, for example to http://127.0.0.1:4200/api")
    return client


def _tags(given: Iterable[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise DeploymentError(f"tags= is a list of words: [{given!r}]")
    return tuple(dict.fromkeys(given))


def _in_plain_words(name: str, error: ApiError) -> Exception:
    """What the server does not accept is the author's to mend; any other answer stays what it is."""
    if error.status not in {404, 409, 422}:
        return error
    return DeploymentError(f"{name} cannot be deployed: " + "; ".join(str(each) for each in refusals(error)))
