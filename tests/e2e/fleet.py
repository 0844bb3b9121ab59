"""Several servers and workers that share one database and one broker, and somebody who kills them at random."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.e2e.system import System

SERVER_ROLES = ("web", "services", "beat")
# Processor time that beat and services get before they are killed again. On a busy machine they take long to start, and
# a schedule whose services never come to life proves nothing.
START_CPU_SECONDS = {"services": 2.5, "beat": 2.0}


class Fleet:
    """Every server has its own web process, beat and services; the workers are processes beside them.

    Servers start again by their supervisors. Workers have none here: `keep_alive` stands for it.
    """

    def __init__(self, home: Path, environment: dict[str, str], *, servers: int, workers: int) -> None:
        shared = {"ORCHESTRATOR_SECRET_KEY": "of the fleet " * 4, "ORCHESTRATOR_ALLOWED_HOSTS": "*", **environment}
        self.servers = [System(home / f"server-{number}", shared) for number in range(servers)]
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._wanted = workers
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._watch = threading.Thread(target=self._keep_alive, name="keeper-of-workers", daemon=True)

    @property
    def first(self) -> System:
        return self.servers[0]

    @property
    def names_of_workers(self) -> list[str]:
        return [f"worker-{number}" for number in range(self._wanted)]

    def start(self) -> Fleet:
        for server in self.servers:
            server.start("--no-worker")
        for name in self.names_of_workers:
            self._start_worker(name)
        self._watch.start()
        return self

    def stop(self) -> None:
        self._stopped.set()
        if self._watch.is_alive():
            self._watch.join()
        for server in self.servers:  # the workers are among the processes of the servers that they belong to
            server.stop()

    def kill_somebody(self, chance: random.Random) -> str:
        """SIGKILL one process. Returns what it was; empty when the chosen one was not there just now."""
        what = chance.choice([*SERVER_ROLES, "worker", "worker", "child", "child"])
        pid = self._find(what, chance)
        if pid is None or _cpu_seconds(pid) < START_CPU_SECONDS.get(what, 0.0):
            return ""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return what
        return ""

    def _find(self, what: str, chance: random.Random) -> int | None:
        if what in SERVER_ROLES:
            found = chance.choice(self.servers).pids_of(what)
        else:
            with self._lock:
                parents = [worker.pid for worker in self._workers.values() if worker.poll() is None]
            found = parents if what == "worker" else [pid for parent in parents for pid in _children_of(parent)]
        return chance.choice(found) if found else None

    def _keep_alive(self) -> None:
        while not self._stopped.wait(0.3):
            with self._lock:
                dead = [name for name, worker in self._workers.items() if worker.poll() is not None]
            for name in dead:
                self._start_worker(name)

    def _start_worker(self, name: str) -> None:
        server = self.servers[int(name.rpartition("-")[2]) % len(self.servers)]
        broker = server.environment.get("REDIS_URL") or f"sqlite+file://{server.home}/broker.db"
        environment = {"ORCHESTRATOR_API_URL": f"{server.url}/api", "ORCHESTRATOR_BROKER_URL": broker}
        options = ("--pool", "default", "--name", name, "--concurrency", "2")
        with self._lock:
            self._workers[name] = server.command("worker", "start", *options, environment=environment)


class Chaos(threading.Thread):
    """Kills somebody every second or two until `end`; `kills` counts what was hit."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        super().__init__(name="chaos", daemon=True)
        self.kills: Counter[str] = Counter()
        self._fleet = fleet
        self._chance = random.Random(seed)
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(self._chance.uniform(0.7, 2.0)):
            if what := self._fleet.kill_somebody(self._chance):
                self.kills[what] += 1

    def end(self) -> None:
        self._ended.set()
        self.join()


def runs_of(system: System, deployment_id: str) -> list[dict[str, Any]]:
    """All runs of a deployment, oldest first."""
    runs: list[dict[str, Any]] = []
    while True:
        body = {
            "deployments": {"id": {"any_": [deployment_id]}},
            "sort": "EXPECTED_START_TIME_ASC",
            "limit": 200,
            "offset": len(runs),
        }
        page = system.ask("POST", "/flow_runs/filter", body)
        runs += page
        if len(page) < 200:
            return runs


def wait_until(condition: Any, *, seconds: float, every_seconds: float = 0.5) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(every_seconds)
    return False


def _cpu_seconds(pid: int) -> float:
    try:
        return sum(psutil.Process(pid).cpu_times()[:2])
    except psutil.NoSuchProcess:
        return 0.0


def _children_of(pid: int) -> list[int]:
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(word) for word in words]
