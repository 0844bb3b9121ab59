"""`orchestrator server …`"""

from __future__ import annotations

import os
import sys

import click

from orchestrator.cli.lazy import LazyGroup
from orchestrator.cli.places import home, log_file, pid_file

DEFAULT_PORT = 4200
BRANCHES = {
    "doctor": ("orchestrator.cli.doctor.command", "doctor", "Check the set-up, and say what is unsafe."),
    "database": ("orchestrator.cli.database", "database", "Bring the database up to date, back, or begin it anew."),
    "services": ("orchestrator.cli.services", "services", "See how the services do, and run one in the foreground."),
}


@click.group(cls=LazyGroup, lazy=BRANCHES)
def server() -> None:
    """Start, stop and look at the server on this machine."""


@server.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, envvar="ORCHESTRATOR_HOST", help="Address to listen on."
)
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65535), envvar="ORCHESTRATOR_PORT"
)
@click.option("--background", is_flag=True, help="Return when the server is ready.")
@click.option("--no-worker", is_flag=True, help="Start no flow worker.")
@click.option("--no-services", is_flag=True, help="Start no scheduler and no periodic services.")
@click.option("--services", "only", metavar="NAMES", multiple=True, help="Start these services alone, as in a,b.")
@click.option("--except", "without", metavar="NAMES", multiple=True, help="Start all services without these.")
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1, 256), help="Flow runs executed at once."
)
@click.option(
    "--web-processes",
    type=click.IntRange(1, 64),
    envvar="ORCHESTRATOR_WEB_PROCESSES",
    help="Processes that answer requests. More than one needs PostgreSQL and Redis, with which it is by default the "
    "number of cores, at most 4.",
)
@click.option("--analytics-off", is_flag=True, help="Accepted: there is no analytics.")
def start(
    host: str,
    port: int,
    background: bool,
    no_worker: bool,
    no_services: bool,
    only: tuple[str, ...],
    without: tuple[str, ...],
    workers: int,
    web_processes: int | None,
    analytics_off: bool,
) -> None:
    """Start the web server, a flow worker and the periodic services, and keep them running."""
    from orchestrator.cli.checks import CannotStart
    from orchestrator.cli.serving import ServerPlan, serve, serve_in_background

    if analytics_off:
        click.echo("There is no analytics in Orchestrator: nothing to switch off.")
    plan = ServerPlan(
        host=host,
        port=port,
        worker=not no_worker,
        services=() if no_services else _chosen_services(only, without),
        concurrency=workers,
        web_processes=web_processes,
    )
    if no_services and (only or without):
        raise click.UsageError("--no-services starts none: it goes with neither --services nor --except.")
    try:
        code = serve_in_background(plan, say=click.echo) if background else serve(plan, say=click.echo)
    except CannotStart as error:
        raise click.ClickException(str(error)) from None
    sys.exit(code)


def _chosen_services(only: tuple[str, ...], without: tuple[str, ...]) -> tuple[str, ...]:
    """What the options say, else what the environment says. Raises click.UsageError."""
    from orchestrator.contract.services import chosen_services

    if not (only or without):
        only, without = (
            (os.environ.get("ORCHESTRATOR_SERVICES", ""),),
            (os.environ.get("ORCHESTRATOR_SERVICES_EXCEPT", ""),),
        )
    try:
        return tuple(chosen_services(only=",".join(only).split(","), without=",".join(without).split(",")))
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@server.command()
def stop() -> None:
    """Stop the server of this data directory."""
    import signal
    import time

    from orchestrator.cli.pidfile import find_running

    running = find_running(pid_file())
    if running is None:
        raise click.ClickException(f"No server runs from {home()}.")
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + 20
    while find_running(pid_file()) is not None:
        if time.monotonic() > deadline:
            raise click.ClickException(f"The server (process {running.pid}) has not stopped after 20 seconds.")
        time.sleep(0.05)
    click.echo(f"Stopped the server at {running.url}.")


@server.command()
def status() -> None:
    """Tell where the server of this data directory is and how it does. Exit code 0 when it is healthy."""
    from orchestrator.cli.health import is_healthy
    from orchestrator.cli.pidfile import find_running

    running = find_running(pid_file())
    if running is None:
        click.echo(f"No server runs from {home()}.")
        sys.exit(3)
    healthy = is_healthy(running.url)
    click.echo(f"URL      {running.url}\nAPI      {running.url}/api\nProcess  {running.pid}\nHome     {home()}")
    click.echo(f"Health   {'ok' if healthy else 'does not answer'}")
    if log_file().exists():
        click.echo(f"Log      {log_file()}")
    sys.exit(0 if healthy else 1)
