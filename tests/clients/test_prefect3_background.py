"""Background tasks of the unmodified Prefect 3 client: executed by task workers, whatever dies meanwhile."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.system import System
from tests.waiting import eventually

HERE = Path(__file__).parent / "prefect3"
SCRIPT = HERE / "background_tasks.py"

pytestmark = pytest.mark.e2e


class Clients:
    """Programs of people who use the server, at any of its web processes."""

    def __init__(self, python: Path, home: Path) -> None:
        self.python = python
        self.home = home
        self.done = home / "done.txt"
        self.processes: list[subprocess.Popen[bytes]] = []

    def delay(self, url: str, count: int, *, first: int = 0) -> list[str]:
        command = [self.python, SCRIPT, "delay", str(count), str(first)]
        ended = subprocess.run(
            command, env=self._environment(url), capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return list(json.loads(ended.stdout.splitlines()[-1]))

    def worker(self, url: str, name: str) -> subprocess.Popen[bytes]:
        environment = self._environment(url) | {"WORKER": name}
        process = subprocess.Popen([self.python, SCRIPT, "serve"], env=environment, start_new_session=True)
        self.processes.append(process)
        return process

    def executed(self) -> list[tuple[int, str]]:
        """Which numbers were executed, and by which worker."""
        lines = self.done.read_text().splitlines() if self.done.exists() else []
        return [(int(number), worker) for number, worker in (line.split() for line in lines)]

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def _environment(self, url: str) -> dict[str, str]:
        return {
            **os.environ,
            "PREFECT_API_URL": f"{url}/api",
            "PREFECT_HOME": str(self.home),
            "DONE": str(self.done),
            "DO_NOT_TRACK": "1",
        }


@pytest.fixture
def clients(prefect3_python, tmp_path):
    clients = Clients(prefect3_python, tmp_path)
    yield clients
    clients.stop()


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("home")).start("--no-worker", "--no-services")
    yield system
    system.stop()
    print(system.output())


@pytest.fixture(scope="module")
def second_web(system):
    """The URL of another web process of the same server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "orchestrator.web.serve", "--host", "127.0.0.1", "--port", str(port)]
    environment = system.environment | {"DJANGO_SETTINGS_MODULE": "orchestrator.settings"}  # not those of the tests
    process = subprocess.Popen(command, env=environment, stdout=system.log, stderr=system.log)
    url = f"http://127.0.0.1:{port}"
    eventually(lambda: answers(url), seconds=30)
    yield url
    process.terminate()
    process.wait(20)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/health", timeout=2) as response:
            return response.status == 200
    except OSError:
        return False


def test_keeps_delayed_tasks_while_the_server_is_down(system, clients):
    ids = clients.delay(system.url, 3)
    killed = system.kill("web")
    system.successors_of(killed, "web")
    eventually(lambda: answers(system.url), seconds=30)

    clients.worker(system.url, "only")

    eventually(lambda: len(clients.executed()) == 3, seconds=40)
    assert sorted(clients.executed()) == [(0, "only"), (1, "only"), (2, "only")]
    eventually(lambda: states_of(system, ids) == Counter({"Completed": 3}))


def test_gives_each_task_to_one_of_the_workers_of_all_web_processes(system, second_web, clients):
    clients.worker(system.url, "first")
    clients.worker(second_web, "second")
    eventually(lambda: len(system.ask("POST", "/task_workers/filter", {})) == 2, seconds=40)

    ids: list[str] = []

    def both_had_some() -> bool:
        """A worker that is always ready when a task comes leaves the other none, so more come."""
        ids.extend(clients.delay(system.url, 20, first=len(ids)))
        eventually(lambda: len(clients.executed()) >= len(ids), seconds=40)
        return {worker for _, worker in clients.executed()} == {"first", "second"}

    eventually(both_had_some, seconds=60)
    assert sorted(number for number, _ in clients.executed()) == list(range(len(ids)))
    eventually(lambda: states_of(system, ids) == Counter({"Completed": len(ids)}))


def test_forgets_a_worker_that_is_killed(system, clients):
    worker = clients.worker(system.url, "only")
    eventually(lambda: len(system.ask("POST", "/task_workers/filter", {})) == 1, seconds=40)

    os.kill(worker.pid, signal.SIGKILL)

    eventually(lambda: system.ask("POST", "/task_workers/filter", {}) == [], seconds=10)


def states_of(system: System, ids: list[str]) -> Counter[str]:
    found = system.ask("POST", "/task_runs/filter", {"task_runs": {"id": {"any_": ids}}})
    return Counter(run["state_name"] for run in found)
