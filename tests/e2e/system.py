"""The whole system as a user starts it, and the ways to use and to hurt it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from orchestrator.cli.pidfile import find_running
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.transport import HttpTransport
from orchestrator.sdk.errors import OrchestratorError
from tests.migrated import put_migrated_database
from tests.waiting import eventually

ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
ROLES = {"web": "orchestrator.web.serve", "worker": "worker start", "services": "celery worker", "beat": "celery beat"}


class System:
    """A server with its own data directory. `environment` is put on top of the test's."""

    def __init__(self, home: Path, environment: dict[str, str] | None = None) -> None:
        self.home = home
        self.flows = home / "flows"
        self.flows.mkdir(parents=True, exist_ok=True)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")},
            "ORCHESTRATOR_HOME": str(home),
            "ORCHESTRATOR_LEASE_SECONDS": "3",
            **(environment or {}),
        }
        self.url = ""
        self.processes: list[subprocess.Popen[bytes]] = []
        self.log = (home / "log.txt").open("a")

    # --- starting and stopping

    def command(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """`orchestrator …` as a process of its own; what it says goes to the log."""
        command = [sys.executable, "-m", "orchestrator", *arguments]
        environment = {**self.environment, **options.pop("environment", {})}
        options = {"stdout": self.log, "stderr": self.log, "start_new_session": True, **options}
        process = subprocess.Popen(command, env=environment, **options)
        self.processes.append(process)
        return process

    def start(self, *options: str, port: int = 0) -> System:
        if not self.environment.get("DATABASE_URL"):
            put_migrated_database(self.home)
        self.supervisor = self.command("server", "start", "--port", str(port), *options)
        pid_file = self.home / "server.pid"
        running = eventually(lambda: self._still_starting() and find_running(pid_file), seconds=60)
        self.url = running.url
        self.client = Client(HttpTransport(f"{self.url}/api", timeout_seconds=20))
        if "--no-worker" not in options:
            eventually(self.workers, seconds=30)
        return self

    def _still_starting(self) -> bool:
        if self.supervisor.poll() is not None:
            raise AssertionError(f"The server did not start:\n{self.output()}")
        return True

    def workers(self) -> list[dict[str, Any]]:
        return [
            each for each in self.ask("POST", "/work_pools/default/workers/filter", {}) if each["status"] == "ONLINE"
        ]

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def output(self) -> str:
        return (self.home / "log.txt").read_text(errors="replace")

    # --- hurting

    def pid_of(self, role: str) -> int:
        """The process that plays the role now, below the supervisor."""
        return eventually(lambda: next(iter(self.pids_of(role)), None))

    def pids_of(self, role: str) -> list[int]:
        """Those that play the role now; empty between the death of one and the start of the next."""
        return _below(self.supervisor.pid, ROLES[role])

    def kill(self, role: str) -> set[int]:
        """All that play the role now: there may be several web processes, and with one of them the server answers."""
        pids = eventually(lambda: set(self.pids_of(role)))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return pids

    def successors_of(self, killed: set[int], role: str) -> list[int]:
        """Those that play the role in place of the killed ones."""

        def there() -> list[int]:
            found = self.pids_of(role)
            return found if len(found) == len(killed) and killed.isdisjoint(found) else []

        return eventually(there)

    def left_over(self) -> list[str]:
        """Commands of processes that have this data directory in their environment."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if f"ORCHESTRATOR_HOME={self.home}\0".encode() in (place / "environ").read_bytes():
                    found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return [command for command in found if command]

    # --- using

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self.client.ask(method, path, body, patience_seconds=30)

    def deploy(self, code: str, *, file: str = "code.py", **job_variables: Any) -> str:
        """Writes a file whose flow is called `main` and deploys it; returns the deployment's id."""
        header = "from orchestrator import flow, task, get_run_logger\nimport os, signal, sys, time\n\n"
        (self.flows / file).write_text(header + textwrap.dedent(code))
        flow = self.ask("POST", "/flows/", {"name": file})
        body = {
            "name": "e2e",
            "flow_id": flow["id"],
            "work_pool_name": "default",
            "path": str(self.flows),
            "entrypoint": f"{file}:main",
            "job_variables": job_variables,
        }
        return str(self.ask("POST", "/deployments/", body)["id"])

    def run(self, code: str, **options: Any) -> str:
        """Deploys the code and creates a run of it; returns the run's id."""
        return self.run_again(self.deploy(code, **options))

    def run_again(self, deployment_id: str) -> str:
        return str(self.ask("POST", f"/deployments/{deployment_id}/create_flow_run", {})["id"])

    def flow_run(self, run_id: str) -> dict[str, Any]:
        return dict(self.ask("GET", f"/flow_runs/{run_id}"))

    def wait_for(self, run_id: str, *types: str, seconds: float = 60.0) -> dict[str, Any]:
        """The run, as soon as its state is one of these types."""

        def reached() -> dict[str, Any] | None:
            try:
                run = self.flow_run(run_id)
            except OrchestratorError:
                return None
            if run["state_type"] in ENDED and run["state_type"] not in types:
                raise AssertionError(f"The run is {run['state']}, not one of {types}:\n{self.output()}")
            return run if run["state_type"] in types else None

        return eventually(reached, seconds=seconds)

    def states(self, run_id: str) -> list[str]:
        states = self.ask("GET", f"/flow_run_states/?flow_run_id={run_id}")
        return [state["name"] for state in sorted(states, key=lambda state: state["timestamp"])]

    def logs(self, run_id: str) -> list[str]:
        messages: list[str] = []
        while True:
            filters = {"flow_run_id": {"any_": [run_id]}}
            body = {"logs": filters, "sort": "TIMESTAMP_ASC", "limit": 200, "offset": len(messages)}
            page = self.ask("POST", "/logs/filter", body)
            messages += [log["message"] for log in page]
            if len(page) < 200:
                return messages

    def task_runs(self, run_id: str) -> list[dict[str, Any]]:
        return list(self.ask("POST", "/task_runs/filter", {"flow_runs": {"id": {"any_": [run_id]}}}))


def _below(pid: int, words: str) -> list[int]:
    found = []
    for child in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split():
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        # `celery … worker` has options in between.
        if all(word in command for word in words.split()):
            found.append(int(child))
    return found
