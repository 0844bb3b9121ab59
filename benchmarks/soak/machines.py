"""The server and its workers: kept alive, and hurt."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

import psutil

from benchmarks.servers import running, started
from benchmarks.sides import Side
from benchmarks.soak import witness

WORKERS = ("living", "killed")  # the first is never hurt: what it executes may not be executed again
PROCESSES = 2  # flow runs that each worker executes at once
_ALIVE_SECONDS = 180.0
# Words of the commands of what the supervisor starts.
_ROLES = {"web": ("orchestrator.web.serve",), "services": ("celery", "worker"), "beat": ("celery", "beat")}


class Machines:
    """A server, and two workers of the pool. Use: `with Machines(side, pool=…) as machines: machines.start_workers()`.

    The server is started when it is entered.
    """

    def __init__(self, side: Side, *, pool: str) -> None:
        self.side = side
        self.restarts = 0  # by SIGTERM, and started again
        self.web_kills = 0
        self.killed: set[str] = set()  # lives of workers, as the witness calls them
        self.roles: dict[str, int] = {}  # the process of each that is watched for its memory
        self._supervisor = 0
        self._pool = pool
        self._server = ExitStack()
        self._workers: dict[str, tuple[str, ExitStack, Any]] = {}
        self._lives = 0

    def __enter__(self) -> Machines:
        self._start_server()
        return self

    def __exit__(self, *_: object) -> None:
        stops = [threading.Thread(target=stack.close) for _, stack, _ in self._workers.values()]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()
        self._server.close()

    def start_workers(self) -> None:
        for name in WORKERS:
            self._start_worker(name)
        wanted = len(WORKERS)
        self._until(lambda: len(self.side.ask(f"/work_pools/{self._pool}/workers/filter", {})) >= wanted, "workers")

    def restart_server(self) -> None:
        """SIGTERM to all of it, and once it has ended it is started again."""
        self._server.close()
        self._start_server()
        self.restarts += 1

    def kill_web(self) -> None:
        """SIGKILL to the process that serves; the supervisor starts another."""
        pid = self._pid_of("web")
        os.kill(pid, signal.SIGKILL)
        self.web_kills += 1
        self._until(lambda: self._pid_of("web") != pid and self._answers(), "web process")
        self._note_roles()

    def kill_worker(self) -> None:
        """SIGKILL to the parent of the worker's processes, and another is started in its place."""
        life, stack, process = self._workers["killed"]
        self.killed.add(life)
        process.kill()
        process.wait()
        stack.close()
        self._start_worker("killed")

    def _start_server(self) -> None:
        self._server = ExitStack()
        served = self._server.enter_context(running(self.side, "--no-worker"))
        assert served.server_pid is not None
        self._supervisor = served.server_pid
        self._note_roles()

    def _note_roles(self) -> None:
        self._until(lambda: all(self._pid_of(role) for role in _ROLES), "server")
        self.roles |= {role: self._pid_of(role) for role in _ROLES}

    def _start_worker(self, name: str) -> None:
        self._lives += 1
        life = f"{name}-{self._lives}"
        side = replace(self.side, environment={**self.side.environment, witness.WHO: life})
        command = ["worker", "start", "--pool", self._pool, "--name", name, "--concurrency", str(PROCESSES)]
        stack = ExitStack()
        process = stack.enter_context(started(side, command, log=f"worker-{name}.log"))
        self._workers[name] = (life, stack, process)
        if name == "living":
            self.roles["worker"] = process.pid

    def _pid_of(self, role: str) -> int:
        """0 between the death of one and the start of the next."""
        for child in psutil.Process(self._supervisor).children():
            with suppress(psutil.Error):
                command = " ".join(child.cmdline())
                if all(word in command for word in _ROLES[role]):
                    return child.pid
        return 0

    def _answers(self) -> bool:
        try:
            self.side.ask("/health")
        except (OSError, ValueError):
            return False
        return True

    @staticmethod
    def _until(condition: Any, what: str) -> None:
        deadline = time.monotonic() + _ALIVE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise OSError(f"no {what} within {_ALIVE_SECONDS:g} seconds")
            time.sleep(0.1)
