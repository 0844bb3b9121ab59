"""`orchestrator deploy …` and `orchestrator deployment …`"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote

import click

from orchestrator.cli.api import connected
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.parameters import read_parameters
from orchestrator.cli.watching import watch_run


@click.command()
@click.argument("entrypoint", metavar="PATH/FILE.PY:FLOW")
@click.option("--name", "-n", required=True, help="What the deployment is called.")
@click.option("--pool", "-p", default="default", show_default=True, help="The work pool whose workers execute it.")
@click.option("--param", "-P", "pairs", multiple=True, metavar="NAME=VALUE", help="A parameter of its runs.")
@click.option("--tag", "-t", "tags", multiple=True, help="A tag of its runs; may be repeated.")
@clear_errors
def deploy(entrypoint: str, name: str, pool: str, pairs: tuple[str, ...], tags: tuple[str, ...]) -> None:
    """Make a flow in a file startable from the server.

    Workers read the file where it is now, at the time of each run.
    """
    from orchestrator.sdk.loading import load_flow

    client = connected()
    flow = load_flow(entrypoint)
    path, relative = os.path.split(os.path.abspath(entrypoint.rpartition(":")[0]))
    deployment_id = flow.deploy(
        name,
        work_pool_name=pool,
        parameters=read_parameters(pairs),
        tags=tags,
        path=path,
        entrypoint=f"{relative}:{entrypoint.rpartition(':')[2]}",
    )
    click.echo(f"Deployed {flow.name}/{name} to work pool {pool!r}.")
    if client.ui_url:
        click.echo(f"{client.ui_url}/deployments/deployment/{deployment_id}")
    click.echo(f"Run it with: orchestrator deployment run '{flow.name}/{name}' --watch")


@click.group()
def deployment() -> None:
    """Start runs of deployments."""


@deployment.command()
@click.argument("name", metavar="FLOW/DEPLOYMENT")
@click.option("--param", "-P", "pairs", multiple=True, metavar="NAME=VALUE", help="Overrides a parameter.")
@click.option("--watch", is_flag=True, help="Follow the log to the end; the exit code is 0 when the run completed.")
@clear_errors
def run(name: str, pairs: tuple[str, ...], watch: bool) -> None:
    """Create a run of a deployment, due now."""
    client = connected()
    flow_run = create_run(client, name, read_parameters(pairs))
    click.echo(f"Created flow run {flow_run['name']!r}: {client.run_url(flow_run['id'])}")
    if watch:
        state = watch_run(client, flow_run, show=click.echo)
        if state["type"] != "COMPLETED":
            # A run whose process was killed has no last line in its log.
            raise click.ClickException(f"The run is {state['name']}: {state['message'] or 'no reason was given'}")


def create_run(client: Any, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """A new run of the deployment `flow name/deployment name`, as the API writes it."""
    flow_name, slash, deployment_name = name.rpartition("/")
    if not slash:
        raise click.BadParameter(f"{name!r} is not of the form flow/deployment", param_hint="NAME")
    found = client.ask("GET", f"/deployments/name/{quote(flow_name, safe='')}/{quote(deployment_name, safe='')}")
    created: dict[str, Any] = client.ask(
        "POST", f"/deployments/{found['id']}/create_flow_run", {"parameters": parameters}
    )
    return created
