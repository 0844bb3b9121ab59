"""A flow and how it is to be run, on its way to the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.refusals import refusals
from orchestrator.sdk.api.run_client import needed_client
from orchestrator.sdk.deployments.limits import global_limit_id
from orchestrator.sdk.deployments.triggers import replace_triggers
from orchestrator.sdk.errors import ApiError, DeploymentError
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
    global_concurrency_limit: Any = None
    job_variables: dict[str, Any] = field(default_factory=dict)
    pull_steps: list[dict[str, Any]] | None = None
    enforce_parameter_schema: bool = True
    catch_up: dict[str, Any] | None = None
    triggers: tuple[dict[str, Any], ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.flow.name}/{self.name}"

    @property
    def is_fetched(self) -> bool:
        """Whether workers get the code from somewhere, and need not find it where it is now."""
        return bool(self.pull_steps)

    def body(self) -> dict[str, Any]:
        """The deployment as the API takes it, without its flow, its triggers and the limit that it shares."""
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

    def whole_body(self, client: Client) -> dict[str, Any]:
        """`body`, with the limit that it shares looked up. Raises DeploymentError when there is none of its name."""
        body = self.body()
        if self.global_concurrency_limit is not None:
            del body["concurrency_limit"]
            body["global_concurrency_limit_id"] = global_limit_id(self.global_concurrency_limit, client=client)
        return body

    def apply(self, *, client: Client | None = None) -> str:
        """Create the deployment, or bring the one of this name up to date, with its triggers; returns its id.

        Raises MissingContext without a server, and DeploymentError for what the server does not accept.
        """
        client = client or needed_server()
        deployment_id = apply_body(self.flow.name, self.whole_body(client), client=client)
        self.make_triggers(deployment_id, client=client)
        return deployment_id

    def make_triggers(self, deployment_id: str, *, client: Client) -> None:
        """Raises DeploymentError."""
        replace_triggers(self.triggers, deployment_id=deployment_id, deployment_name=self.name, client=client)


def apply_body(flow_name: str, body: Mapping[str, Any], *, client: Client | None = None) -> str:
    """Create the deployment of this flow, or bring it up to date; returns its id. Raises as `FlowDeployment.apply`."""
    client = client or needed_server()
    flow_id = client.ask("POST", "/flows/", {"name": flow_name})["id"]
    try:
        return str(client.ask("POST", "/deployments/", {**body, "flow_id": flow_id})["id"])
    except ApiError as error:
        raise in_plain_words(f"{flow_name}/{body['name']}", error) from error


def needed_server() -> Client:
    """Raises MissingContext when there is none."""
    return needed_client("A deployment")


def in_plain_words(name: str, error: ApiError) -> Exception:
    """What the server does not accept is the author's to mend; any other answer stays what it is."""
    if error.status not in {404, 409, 422}:
        return error
    return DeploymentError(f"{name} cannot be deployed: " + "; ".join(str(each) for each in refusals(error)))
