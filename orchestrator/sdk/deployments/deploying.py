"""Deployments from code: `flow.deploy(…)`, `flow.to_deployment(…)` and `deploy(…)`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.both_ways import both_ways
from orchestrator.sdk.deployments.code_places import place_of
from orchestrator.sdk.deployments.flow_deployment import (
    DEFAULT_POOL,
    FlowDeployment,
    apply_body,
    in_plain_words,
    needed_server,
)
from orchestrator.sdk.deployments.images import DockerImage, ready_image, refuse_pool_without_images
from orchestrator.sdk.deployments.limits import concurrency_columns
from orchestrator.sdk.deployments.schedules import schedule_bodies
from orchestrator.sdk.deployments.triggers import trigger_bodies
from orchestrator.sdk.errors import ApiError, DeploymentError
from orchestrator.sdk.options.checks import checked_words

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow import Flow

_NO_SUCH_ENDPOINT = (404, 405, 501)
_IN_THE_IMAGE = "."  # the directory in which an image begins


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
    is_schedule_active: bool | None = None,
    catch_up: str | float | Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    tags: Iterable[str] | None = (),
    description: str | None = None,
    version: str | None = None,
    version_type: Any = None,
    paused: bool | None = None,
    concurrency_limit: Any = None,
    global_concurrency_limit: Any = None,
    job_variables: Mapping[str, Any] | None = None,
    entrypoint: str | None = None,
    entrypoint_type: Any = None,
    path: str | None = None,
    pull_steps: list[dict[str, Any]] | None = None,
    enforce_parameter_schema: bool = True,
    triggers: Iterable[Any] | None = None,
    _sla: Any = None,
) -> FlowDeployment:
    """Describe a deployment of the flow, and check what can be checked without a server.

    Workers find the code in `path`, a directory, under `entrypoint`, `relative/file.py:function`. None takes the file
    in which the flow was defined, or with `entrypoint_type=EntrypointType.MODULE_PATH` its module; with `pull_steps`,
    workers fetch the code by these instead.

    Schedules: `cron`, `interval` (seconds, a timedelta, or `PT1H`) and `rrule`, each one or a list, in `timezone`; or
    `schedule` and `schedules` with what Cron, Interval, RRule and the classes of schedules make. `paused`, and
    `is_schedule_active` the other way round, say whether they plan runs. `catch_up` says what becomes of runs that were
    missed: "planned", "all", "latest", "none", or how many seconds they may be late.

    `concurrency_limit` is a number, `ConcurrencyLimitConfig(…)`, or `{"limit": 2, "collision_strategy": "CANCEL_NEW"}`;
    `global_concurrency_limit` instead shares a limit that is there: its name or id. `triggers` are events that make it
    run: DeploymentEventTrigger(…). Of `version_type` there is "prefect:simple", the version as it is given.

    Raises DeploymentError for what is not understood, FlowNotFound when the flow is in no file.
    """
    if _sla:
        raise DeploymentError("_sla= says nothing here: make an automation that tells you of late runs")
    if getattr(version_type, "value", version_type) not in (None, "prefect:simple"):
        raise DeploymentError(f"version_type is {version_type!r}; only prefect:simple is known: give version= itself")
    if concurrency_limit is not None and global_concurrency_limit is not None:
        raise DeploymentError("Give concurrency_limit, its own, or global_concurrency_limit, a shared one, not both")
    if schedules is None and not any((cron, interval, rrule, schedule)):
        schedule = flow.schedule
    if is_schedule_active is not None:
        if paused is not None and paused == is_schedule_active:
            raise DeploymentError(f"paused={paused} and is_schedule_active={is_schedule_active} contradict each other")
        paused = not is_schedule_active
    if not pull_steps and (path is None or entrypoint is None):
        found_path, found_entrypoint = place_of(flow, entrypoint_type)
        path, entrypoint = path or found_path, entrypoint or found_entrypoint
    elif entrypoint_type is not None:
        raise DeploymentError(
            "entrypoint_type says nothing here: pull steps fetch the code, or path and entrypoint are given"
        )
    limit, options = concurrency_columns(concurrency_limit)
    return FlowDeployment(
        flow=flow,
        name=name,
        path=path,
        entrypoint=entrypoint,
        work_pool_name=work_pool_name,
        work_queue_name=work_queue_name,
        parameters=dict(parameters or {}),
        tags=tuple(dict.fromkeys(checked_words(tags, "tags", error=DeploymentError))),
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
        global_concurrency_limit=global_concurrency_limit,
        job_variables=dict(job_variables or {}),
        pull_steps=pull_steps,
        enforce_parameter_schema=enforce_parameter_schema,
        catch_up=catch_up_policy(catch_up),
        triggers=trigger_bodies(triggers),
    )


@both_ways
def deploy(
    *deployments: FlowDeployment,
    work_pool_name: str | None = None,
    image: str | DockerImage | None = None,
    build: bool = True,
    push: bool = True,
    print_next_steps_message: bool = True,
    ignore_warnings: bool = False,
) -> list[str]:
    """Make several deployments in one go, all or none; returns their ids. `work_pool_name` is for those without one.

    `image`, `build` and `push` are those of `flow.deploy`, for all of them. A server that cannot make several at once
    is given one after the other. `print_next_steps_message` says of each where to look and how to run it; there are no
    warnings that `ignore_warnings` could silence. In async code: `await deploy(…)`, or `adeploy`.

    Raises MissingContext without a server, and DeploymentError, which names everything that is wrong.
    """
    if not deployments:
        raise DeploymentError("deploy() needs at least one deployment, flow.to_deployment(name, …)")
    client = needed_server()
    pool = work_pool_name or DEFAULT_POOL
    pooled = [replace(each, work_pool_name=each.work_pool_name or pool) for each in deployments]
    ready = _in_image(pooled, image, build=build, push=push, client=client)
    ids = _applied(ready, client)
    for deployment, deployment_id in zip(ready, ids, strict=True):
        deployment.make_triggers(deployment_id, client=client)
    if print_next_steps_message:
        for deployment in ready:
            _tell(deployment, client)
    return ids


adeploy = deploy.aio


def deploy_flow(
    flow: Flow[Any, Any],
    name: str,
    work_pool_name: str | None = None,
    image: str | DockerImage | None = None,
    build: bool = True,
    push: bool = True,
    *,
    print_next_steps: bool = True,
    ignore_warnings: bool = False,
    **options: Any,
) -> str:
    """Create the deployment, or bring the one of this name up to date; returns its id.

    `work_pool_name` None is the pool called default. `image` is what its runs execute in, `registry.example/flows:1` or
    a DockerImage, for pools whose workers know images; the code is expected in the directory in which the image begins,
    unless it is fetched (`from_source`). It is built here from the Dockerfile in the current directory, and pushed,
    with the docker program; `build=False` takes it as it is, `push=False` does not push what was built.

    Takes what `to_deployment` takes, too. `print_next_steps` says where to look and how to run it; there are no
    warnings that `ignore_warnings` could silence. Raises MissingContext without a server, and what `to_deployment` and
    `FlowDeployment.apply` raise.
    """
    if image is not None and options.get("path") is not None:
        raise DeploymentError("path= says nothing beside image=: the code is expected where the image begins")
    client = needed_server()
    made = to_deployment(flow, name, work_pool_name=work_pool_name or DEFAULT_POOL, **options)
    (deployment,) = _in_image([made], image, build=build, push=push, client=client)
    deployment_id = deployment.apply(client=client)
    if print_next_steps:
        _tell(deployment, client)
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


def _in_image(
    deployments: list[FlowDeployment],
    image: str | DockerImage | None,
    *,
    build: bool,
    push: bool,
    client: Client,
) -> list[FlowDeployment]:
    if image is None:
        return deployments
    for pool in dict.fromkeys(each.work_pool_name or DEFAULT_POOL for each in deployments):
        refuse_pool_without_images(pool, client=client)
    reference = ready_image(image, build=build, push=push)
    found = []
    for each in deployments:
        told = each.job_variables.get("image")
        if told is not None and told != reference:
            raise DeploymentError(f"image and job_variables['image'] are the same, and say {reference!r} and {told!r}")
        place = each.path if each.is_fetched else _IN_THE_IMAGE
        found.append(replace(each, job_variables={**each.job_variables, "image": reference}, path=place))
    return found


def _applied(deployments: list[FlowDeployment], client: Client) -> list[str]:
    bodies = [{**each.whole_body(client), "flow_name": each.flow.name} for each in deployments]
    try:
        answer = client.ask("POST", "/deployments/apply", {"deployments": bodies})
    except ApiError as error:
        if error.status in _NO_SUCH_ENDPOINT and not _names_what_is_missing(error):
            return [apply_body(body.pop("flow_name"), body, client=client) for body in bodies]
        if error.status == 409 and isinstance(error.body, dict) and "deployments" in error.body:
            steps = error.body["deployments"]
            found = [
                f"{step['flow_name']}/{step['name']}: {problem['message']}"
                for step in steps
                for problem in step["problems"]
            ]
            raise DeploymentError("Nothing was deployed: " + "; ".join(found)) from error
        raise in_plain_words("What was given", error) from error
    return [str(step["id"]) for step in answer["deployments"]]


def _names_what_is_missing(error: ApiError) -> bool:
    """Whether the address is there, and says that something else is not."""
    detail = error.body.get("detail") if isinstance(error.body, dict) else None
    return isinstance(detail, str) and detail.lower() not in ("not found", "method not allowed")


def _tell(deployment: FlowDeployment, client: Client) -> None:
    print(f"Deployed {deployment.full_name} to work pool {deployment.work_pool_name!r}.")
    if client.ui_url:
        print(f"Its runs: {client.runs_url(deployment.flow.name)}")
    print(f"Run it with: orchestrator deployment run '{deployment.full_name}' --watch")
