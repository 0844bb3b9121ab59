"""`serve(…)`: one process that makes deployments and executes their runs, without a work pool and a worker."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.deployments.deploying import to_deployment
from orchestrator.sdk.deployments.flow_deployment import FlowDeployment, needed_server
from orchestrator.sdk.deployments.serving_loop import CANCEL_GRACE_SECONDS, DRAIN_SECONDS, LIMIT, Serving, say
from orchestrator.sdk.errors import DeploymentError
from orchestrator.sdk.processes.stop_signals import stopped_by_signals

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow import Flow
    from orchestrator.sdk.tasks.task import Task


def serve(
    *deployments: FlowDeployment | Task[Any, Any],
    limit: int | None = None,
    pause_on_shutdown: bool = True,
    drain_seconds: float = DRAIN_SECONDS,
    cancel_grace_seconds: float = CANCEL_GRACE_SECONDS,
    print_starting_message: bool = True,
    webserver: bool = False,
    status_server_port: int | None = None,
    timeout: float | None = None,
) -> None:
    """Make the deployments and execute their runs, each in a process of its own, until SIGINT or SIGTERM comes.

    `limit` is how many run at once, None is 5. A run that is cancelled has `cancel_grace_seconds` to stop before its
    process is killed. On the signal no more runs begin, those under way get `drain_seconds` to end and are CRASHED
    then; a second signal ends them at once. With `pause_on_shutdown` the deployments are paused afterwards, so that no
    runs pile up; serving them again resumes them. There is no `webserver` beside it: the server knows all it could say.

    A server that goes away ends nothing. Two processes may serve the same deployment: each run is executed by one.
    Given tasks instead of deployments, it executes what was delayed of them, 10 at once: see `Task.serve`, whose
    `timeout` and `status_server_port` are for tasks alone.
    Raises MissingContext without a server, DeploymentError for what the server does not accept.
    """
    _refuse_webserver(webserver)
    if any(hasattr(each, "apply_async") for each in deployments):
        of_tasks = {"status_server_port": status_server_port, "timeout": timeout}
        _serve_tasks(deployments, limit, drain_seconds, print_starting_message, **of_tasks)
        return
    if status_server_port is not None or timeout is not None:
        raise DeploymentError(
            "serve() has status_server_port and timeout for tasks; what is served here are deployments"
        )
    found = _checked(deployments, limit=limit)
    client = needed_server()
    serving = Serving(
        client, limit=limit or LIMIT, drain_seconds=drain_seconds, cancel_grace_seconds=cancel_grace_seconds
    )
    serving.register(found)
    if print_starting_message:
        _greet(client, found)
    with stopped_by_signals(serving):
        serving.run()
    if pause_on_shutdown:
        serving.pause()


async def aserve(
    *deployments: FlowDeployment,
    limit: int | None = None,
    pause_on_shutdown: bool = True,
    drain_seconds: float = DRAIN_SECONDS,
    cancel_grace_seconds: float = CANCEL_GRACE_SECONDS,
    print_starting_message: bool = True,
    webserver: bool = False,
) -> None:
    """`serve` for async code: it lets the event loop go on with other things.

    Cancelling it does what the signal does, and returns when that is done.
    """
    import asyncio

    _refuse_webserver(webserver)
    if any(hasattr(each, "apply_async") for each in deployments):
        raise DeploymentError("aserve() is for deployments; tasks are served by serve(task), in sync code")
    found = _checked(deployments, limit=limit)
    client = needed_server()
    serving = Serving(
        client, limit=limit or LIMIT, drain_seconds=drain_seconds, cancel_grace_seconds=cancel_grace_seconds
    )
    await asyncio.to_thread(serving.register, found)
    if print_starting_message:
        _greet(client, found)
    with stopped_by_signals(serving):
        running = asyncio.ensure_future(asyncio.to_thread(serving.run))
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            serving.stop()
            await running
            raise
        finally:
            if pause_on_shutdown:
                await asyncio.to_thread(serving.pause)


def serve_flow(
    flow: Flow[Any, Any],
    name: str | None = None,
    *,
    limit: int | None = None,
    global_limit: Any = None,
    pause_on_shutdown: bool = True,
    drain_seconds: float = DRAIN_SECONDS,
    cancel_grace_seconds: float = CANCEL_GRACE_SECONDS,
    print_starting_message: bool = True,
    webserver: bool = False,
    **options: Any,
) -> None:
    """`serve` with one deployment. `name` None is the flow's name, and that of a Python file is the file's without
    its ending; `global_limit` is the deployment's `concurrency_limit`: for its runs wherever they execute, while
    `limit` is that of this process."""
    if options.get("image") is not None:
        raise _no_pool("image")
    if global_limit is not None:
        if options.get("concurrency_limit") is not None:
            raise DeploymentError("global_limit and concurrency_limit are the same here; give one of them")
        options["concurrency_limit"] = global_limit
    chosen = os.path.splitext(os.path.basename(name))[0] if name and name.endswith(".py") else name or flow.name
    serve(
        to_deployment(flow, chosen, **options),
        limit=limit,
        pause_on_shutdown=pause_on_shutdown,
        drain_seconds=drain_seconds,
        cancel_grace_seconds=cancel_grace_seconds,
        print_starting_message=print_starting_message,
        webserver=webserver,
    )


def _checked(deployments: Sequence[Any], *, limit: int | None) -> list[FlowDeployment]:
    if not deployments:
        raise DeploymentError("serve() needs at least one deployment, flow.to_deployment(name, …), or tasks")
    for each in deployments:
        if not isinstance(each, FlowDeployment):
            hint = "; write await flow.to_deployment(…)" if hasattr(each, "__await__") else ""
            if hasattr(each, "close"):
                each.close()  # nobody will await it
            raise DeploymentError(f"serve() takes what flow.to_deployment(name, …) gives: {each!r}{hint}")
        for pooled in ("work_pool_name", "work_queue_name", "job_variables"):
            if getattr(each, pooled):
                raise _no_pool(pooled)
    if limit is not None and limit < 1:
        raise DeploymentError(f"limit is {limit}; at least one run at once is needed")
    return list(deployments)


def _refuse_webserver(wanted: bool) -> None:
    if wanted:
        raise DeploymentError("There is no webserver beside serve(): ask the server, or GET /api/deployments/filter")


def _no_pool(option: str) -> DeploymentError:
    return DeploymentError(f"A served deployment has no work pool, so {option}= says nothing; use flow.deploy()")


def _serve_tasks(
    tasks: Any, limit: int | None, drain_seconds: float, print_starting_message: bool, **more: Any
) -> None:
    from orchestrator.sdk.background_tasks.serving import LIMIT as TASKS_AT_ONCE
    from orchestrator.sdk.background_tasks.serving import serve_tasks

    serve_tasks(
        *tasks,
        limit=TASKS_AT_ONCE if limit is None else limit,
        drain_seconds=drain_seconds,
        print_starting_message=print_starting_message,
        **more,
    )


def _greet(client: Client, deployments: Sequence[FlowDeployment]) -> None:
    say("Serves " + ", ".join(deployment.full_name for deployment in deployments) + "; Ctrl-C ends it.")
    if client.ui_url:
        say(f"Their runs: {client.runs_url(*{deployment.flow.name for deployment in deployments})}")
    say(f"Run one with: orchestrator deployment run '{deployments[0].full_name}'")
