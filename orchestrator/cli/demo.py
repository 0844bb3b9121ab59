"""`make demo`: a server, a deployment, a run of it watched to its end, and the link to look at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from orchestrator.cli.checks import CannotStart, check_home
from orchestrator.cli.connecting import connected
from orchestrator.cli.deployments import create_run
from orchestrator.cli.errors import clear_errors
from orchestrator.cli.pidfile import find_running
from orchestrator.cli.places import home, log_file, pid_file
from orchestrator.cli.processes import python_command
from orchestrator.cli.serving import banner, last_words
from orchestrator.cli.watching import watch_run
from orchestrator.contract.services import SERVICES
from orchestrator.sdk.processes.child_processes import die_with_parent

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "analysis.py"
START_SECONDS = 90.0


@click.command()
@click.option("--port", type=int, default=4200, envvar="PORT", show_default=True)
@click.option("--once", is_flag=True, envvar="ONCE", help="End with the run: exit code 0 when it completed.")
@clear_errors
def demo(port: int, once: bool) -> None:
    """Start a server, deploy the example, run it, show its log and its link."""
    with _server(port) as server:
        completed = _run_example()
        if not once:
            click.echo(f"\nThe server stays up (log: {log_file()}). Press Ctrl-C to stop it.")
            server.wait()
    if once and not completed:
        sys.exit(1)


@contextmanager
def _server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server that is ready; stopped at the end. It talks to its log file: the terminal shows the run's log."""
    try:
        check_home(home())
    except CannotStart as error:
        raise click.ClickException(str(error)) from None
    command = python_command("-m", "orchestrator", "server", "start", "--port", str(port))
    tie = partial(die_with_parent, os.getpid(), signal.SIGTERM)
    with log_file().open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, preexec_fn=tie)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        url = _wait_until_ready(server)
        os.environ["ORCHESTRATOR_API_URL"] = f"{url}/api"
        click.echo(banner(url, worker=True, services=SERVICES))
        yield server
    except KeyboardInterrupt:
        pass
    finally:
        _stop(server)


def _wait_until_ready(server: subprocess.Popen[bytes]) -> str:
    """The server's URL. Raises ClickException when it does not start."""
    deadline = time.monotonic() + START_SECONDS
    while (running := find_running(pid_file())) is None or running.pid != server.pid:
        if server.poll() is not None or time.monotonic() > deadline:
            raise click.ClickException(last_words())
        time.sleep(0.05)
    return running.url


def _run_example() -> bool:
    from orchestrator.sdk.flows.loading import load_flow

    client = connected()
    flow = load_flow(f"{EXAMPLE}:analysis")
    flow.deploy("demo", path=str(EXAMPLE.parent), entrypoint=f"{EXAMPLE.name}:analysis", print_next_steps=False)
    click.echo(f"Deployed {flow.name}/demo from {EXAMPLE}")
    flow_run = create_run(client, f"{flow.name}/demo", {})
    link = client.run_url(flow_run["id"])
    click.echo(f"Started flow run {flow_run['name']!r}: {link}\n")
    state = watch_run(client, flow_run, show=click.echo)
    click.echo(f"\nFlow run {flow_run['name']!r} is {state['name']}. Look at it: {link}")
    return bool(state["type"] == "COMPLETED")


def _stop(server: subprocess.Popen[bytes]) -> None:
    """A second Ctrl-C reaches the server as its second signal: it then ends everything at once."""
    while server.poll() is None:
        try:
            server.send_signal(signal.SIGTERM)
            server.wait()
        except KeyboardInterrupt:
            continue


if __name__ == "__main__":
    demo()
