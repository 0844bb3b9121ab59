"""One real server for the commands, and the commands as a terminal calls them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from orchestrator.cli.commands import orchestrator
from orchestrator.sdk.configuration.profiles import forget
from tests.e2e.system import System


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A server without workers and services: what the tests make stays as they made it."""
    system = started(System(tmp_path_factory.mktemp("cli")))
    yield system
    system.stop()
    print(system.output())


def started(system: System) -> System:
    """With a database of its own, whatever the other tests use: several may start at once."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        system.environment.pop(name, None)
    return system.start("--no-worker", "--no-services")


@pytest.fixture
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A server that answers nobody without the password."""
    system = started(System(tmp_path_factory.mktemp("locked"), {"ORCHESTRATOR_API_AUTH_STRING": "admin:right"}))
    yield system
    system.stop()


@pytest.fixture
def home(tmp_path, monkeypatch) -> Any:
    """A data directory of the test's own, and an environment that says nothing else."""
    for name in ("API_URL", "API_KEY", "API_AUTH_STRING", "UI_URL", "BROKER_URL", "PROFILE", "LOGGING_LEVEL"):
        monkeypatch.setenv(f"ORCHESTRATOR_{name}", "")  # set, so that what a command sets is undone
    monkeypatch.setenv("ORCHESTRATOR_CONNECT_SECONDS", "")
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(tmp_path))
    forget()
    yield tmp_path
    forget()


@pytest.fixture
def command(home) -> Callable[..., Result]:
    """`orchestrator …` in this process."""

    def call(*arguments: str, **options: Any) -> Result:
        result = CliRunner().invoke(orchestrator, arguments, **options)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


@pytest.fixture
def cli(command, server, monkeypatch) -> Callable[..., Result]:
    """The same, against the server. `expect` is the exit code."""
    monkeypatch.setenv("ORCHESTRATOR_API_URL", f"{server.url}/api")

    def call(*arguments: str, expect: int = 0, **options: Any) -> Result:
        result = command(*arguments, **options)
        assert result.exit_code == expect, result.output
        return result

    return call


@pytest.fixture
def told(cli) -> Callable[..., Any]:
    """What a command prints with --output json."""

    def call(*arguments: str) -> Any:
        return json.loads(cli(*arguments, "--output", "json").stdout)

    return call


@pytest.fixture
def made(server) -> Made:
    return Made(server)


class Made:
    """Things on the server for a command to find."""

    def __init__(self, server: System) -> None:
        self.ask = server.ask

    def flow(self, name: str) -> str:
        return str(self.ask("POST", "/flows/", {"name": name})["id"])

    def deployment(self, flow: str, name: str, **fields: Any) -> str:
        body = {"name": name, "flow_id": self.flow(flow), "work_pool_name": "default", "entrypoint": "f.py:f", **fields}
        return str(self.ask("POST", "/deployments/", body)["id"])

    def run(self, deployment_id: str, *, becomes: str | None = None, **fields: Any) -> dict[str, Any]:
        """A run of the deployment, brought into a state by force."""
        run = self.ask("POST", f"/deployments/{deployment_id}/create_flow_run", fields)
        if becomes is not None:
            body = {"state": {"type": becomes, "name": becomes.capitalize()}, "force": True}
            self.ask("POST", f"/flow_runs/{run['id']}/set_state", body)
        return dict(run)

    def logs(self, run_id: str, *lines: tuple[int, str]) -> None:
        moment = "2026-01-02T03:04:{:02d}.000000Z"
        entries = [
            {
                "name": "test",
                "level": level,
                "message": message,
                "timestamp": moment.format(place),
                "flow_run_id": run_id,
            }
            for place, (level, message) in enumerate(lines)
        ]
        self.ask("POST", "/logs/", entries)
