"""A fleet that has room for every run: `fleet.py <pool> <runs> <seconds>`, with the environment of one of our workers.

It is a worker to the server and to its broker. Each wake-up is taken from the broker at once, and its run is claimed
over 8 connections by another process, as those of workers do it: whoever claims keeps nobody from taking the next
wake-up. None is executed. Prints `ready` when the server knows it, and when it has so many `runs`, or `seconds` have
passed, a line of JSON: of each run the time at which its first wake-up came, the time at which it was the fleet's, and
what was refused.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import multiprocessing
import os
import sys
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from kombu import Connection, Consumer, Queue

from benchmarks.driving.connections import CONNECTIONS
from benchmarks.sides import authorization
from orchestrator.broker import CELERY_OPTIONS, register
from orchestrator.broker.queues import queue_of_pool

HEARTBEAT_SECONDS = 30.0
NAME = "fleet"
PREFETCHED = 100  # wake-ups that a broker hands out before the first of them is acknowledged
ROOM_BYTES = 1 << 20  # of a pipe, for twenty thousand runs that wait to be claimed
_PROCESSES = multiprocessing.get_context("fork")
_END = ""  # no run has this identifier


class Fleet:
    """What has been called out. `claims` are told of each run once."""

    def __init__(self, claims: Claims) -> None:
        self.woken: dict[str, float] = {}
        self._claims = claims

    def wake_up(self, body: Any, message: Any) -> None:
        at, run_id = time.time(), body[1]["flow_run_id"]  # as Celery sends a task: arguments, named ones, the rest
        message.ack()
        if run_id not in self.woken:
            self.woken[run_id] = at
            self._claims.ask_for(run_id)


class Claims:
    """Claims what it is asked for, in a process of its own, which also says that the fleet is alive."""

    def __init__(self, pool: str) -> None:
        self._pool = pool
        self._wanted, self._asked = _PROCESSES.Pipe(duplex=False)
        self._reading = threading.Lock()
        # So that whoever asks writes at once and does not wait. A thread that wrote for it would get its turn at the
        # interpreter a few hundred times a second while wake-ups are taken, and the server would be asked no faster.
        if hasattr(fcntl, "F_SETPIPE_SZ"):  # elsewhere it waits when a thousand or two are to be claimed
            fcntl.fcntl(self._asked.fileno(), fcntl.F_SETPIPE_SZ, ROOM_BYTES)
        self._answered = _PROCESSES.Value("i", 0)
        self._answers, self._told = _PROCESSES.Pipe(duplex=False)
        self._taken: dict[str, float] = {}
        self._refused: list[str] = []

    def start(self) -> None:
        register_fleet(Api(), self._pool)
        _PROCESSES.Process(target=self._work, daemon=True).start()
        self._told.close()  # so that `end` notices when that process is gone

    def ask_for(self, run_id: str) -> None:
        """Whoever asks does not wait."""
        self._asked.send_bytes(run_id.encode())

    @property
    def answered(self) -> int:
        """How many runs are the fleet's, or were refused."""
        return int(self._answered.value)

    def end(self) -> tuple[dict[str, float], list[str]]:
        """When each run was the fleet's, and what was refused."""
        self.ask_for(_END)
        taken, refused = self._answers.recv()
        return taken, refused

    def _work(self) -> None:
        """Until all is told, or the fleet was killed."""
        fleet = os.getppid()
        for _ in range(CONNECTIONS):
            threading.Thread(target=self._claim, daemon=True).start()
        api, said_at = Api(), time.monotonic()
        while os.getppid() == fleet:
            time.sleep(1)
            if time.monotonic() - said_at > HEARTBEAT_SECONDS / 3:
                register_fleet(api, self._pool)
                said_at = time.monotonic()

    def _claim(self) -> None:
        api = Api()
        while (run_id := self._next()) != _END:
            status, said = api.post(f"/work_pools/{self._pool}/claims", {"flow_run_id": run_id, "worker_name": NAME})
            if status == 201:
                self._taken[run_id] = time.time()
            else:
                self._refused.append(f"{run_id}: {status} {said[:200]!r}")
            with self._answered.get_lock():
                self._answered.value += 1
        self._told.send((dict(self._taken), list(self._refused)))

    def _next(self) -> str:
        with self._reading:
            return str(self._wanted.recv_bytes(), "ascii")


def register_fleet(api: Api, pool: str) -> None:
    body = {"name": NAME, "heartbeat_interval_seconds": HEARTBEAT_SECONDS, "work_queue_names": []}
    status, said = api.post(f"/work_pools/{pool}/workers/heartbeat", body)
    if status != 204:
        raise SystemExit(f"The server does not want the fleet: {status} {said!r}")


class Api:
    """One connection to the server, which stays open."""

    def __init__(self) -> None:
        parts = urlsplit(os.environ["ORCHESTRATOR_API_URL"])
        self._path = parts.path
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self._headers = {"Content-Type": "application/json", "Authorization": authorization()}

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        self._connection.request("POST", f"{self._path}{path}", json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def main(pool: str, runs: int, seconds: float) -> None:
    register()
    claims = Claims(pool)
    claims.start()
    fleet = Fleet(claims)
    options = CELERY_OPTIONS["broker_transport_options"]
    with Connection(os.environ["ORCHESTRATOR_BROKER_URL"], transport_options=options) as broker:
        queues = [Queue(queue_of_pool(pool), exchange="", routing_key=queue_of_pool(pool), no_declare=True)]
        with Consumer(broker, queues, callbacks=[fleet.wake_up], accept=["json"], prefetch_count=PREFETCHED):
            print("ready", flush=True)
            until = time.monotonic() + seconds
            while claims.answered < runs and time.monotonic() < until:
                try:
                    broker.drain_events(timeout=0.2)
                except TimeoutError:
                    continue
    taken, refused = claims.end()
    print(json.dumps({"woken": fleet.woken, "taken": taken, "refused": refused}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
