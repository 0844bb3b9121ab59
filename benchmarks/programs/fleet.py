"""A fleet that has room for every run: `fleet.py <pool> <runs> <seconds>`, with the environment of one of our workers.

It is a worker to the server and to its broker. Each wake-up is taken from the broker at once, and its run is claimed
over 8 connections, as the processes of workers do; none is executed. Prints `ready` when the server knows it, and when
it has so many `runs`, or `seconds` have passed, a line of JSON: of each run the time at which its first wake-up came,
the time at which it was the fleet's, and what was refused.
"""

from __future__ import annotations

import http.client
import json
import os
import queue
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


class Fleet:
    def __init__(self, pool: str) -> None:
        self.pool = pool
        self.woken: dict[str, float] = {}
        self.taken: dict[str, float] = {}
        self.refused: list[str] = []
        self._waiting: queue.SimpleQueue[str] = queue.SimpleQueue()

    def wake_up(self, body: Any, message: Any) -> None:
        at, run_id = time.time(), body[1]["flow_run_id"]  # as Celery sends a task: arguments, named ones, the rest
        message.ack()
        if run_id not in self.woken:
            self.woken[run_id] = at
            self._waiting.put(run_id)

    def claim_what_waits(self) -> None:
        api = Api()
        while True:
            run_id = self._waiting.get()
            status, said = api.post(f"/work_pools/{self.pool}/claims", {"flow_run_id": run_id, "worker_name": NAME})
            if status == 201:
                self.taken[run_id] = time.time()
            else:
                self.refused.append(f"{run_id}: {status} {said[:200]!r}")

    def stay_alive(self) -> None:
        api = Api()
        while True:
            self.register(api)
            time.sleep(HEARTBEAT_SECONDS / 3)

    def register(self, api: Api) -> None:
        body = {"name": NAME, "heartbeat_interval_seconds": HEARTBEAT_SECONDS, "work_queue_names": []}
        status, said = api.post(f"/work_pools/{self.pool}/workers/heartbeat", body)
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
    fleet = Fleet(pool)
    fleet.register(Api())
    threads = [threading.Thread(target=fleet.claim_what_waits, daemon=True) for _ in range(CONNECTIONS)]
    for thread in (*threads, threading.Thread(target=fleet.stay_alive, daemon=True)):
        thread.start()
    options = CELERY_OPTIONS["broker_transport_options"]
    with Connection(os.environ["ORCHESTRATOR_BROKER_URL"], transport_options=options) as broker:
        queues = [Queue(queue_of_pool(pool), exchange="", routing_key=queue_of_pool(pool), no_declare=True)]
        with Consumer(broker, queues, callbacks=[fleet.wake_up], accept=["json"], prefetch_count=PREFETCHED):
            print("ready", flush=True)
            until = time.monotonic() + seconds
            while len(fleet.taken) + len(fleet.refused) < runs and time.monotonic() < until:
                try:
                    broker.drain_events(timeout=0.2)
                except TimeoutError:
                    continue
    print(json.dumps({"woken": fleet.woken, "taken": fleet.taken, "refused": fleet.refused}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
