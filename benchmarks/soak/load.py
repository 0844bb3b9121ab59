"""The mixed load: threads that each do one thing at its own pace, until they are told to stop.

What is asked for here is told to the witness once the server has taken it. A server that is away, because it is being
started again, is waited for; an answer that says that the server failed is kept in `Load.failures`.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from benchmarks.sides import PASSWORD, Side, authorization
from benchmarks.soak import witness
from benchmarks.soak.flows import KINDS
from benchmarks.soak.pages import Reader
from orchestrator.contract.ids import uuid7
from orchestrator.contract.times import format_time
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.transport import HttpTransport
from orchestrator.sdk.errors import ApiError, ServerUnreachable

RUN_EVERY_SECONDS = 0.45
MOST_WAITING = 20  # runs; more are asked for when some ended
HEARD = "soak.heard"  # events of raw sockets
ALARM = "soak.alarm"  # each makes an automation ask for a run
RAW_LINES = 5  # in one request

_PATIENCE_SECONDS = 60.0
_NOT_ENDED = ["SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING"]
_AWAY = (OSError, HTTPException, WebSocketException, TimeoutError, ServerUnreachable)


class Load:
    """`deployments`: the id of each kind's. `session` is the cookie of somebody who reads pages."""

    def __init__(self, side: Side, deployments: dict[str, str], reader: Reader) -> None:
        self.side = side
        self.failures: list[str] = []  # what the server answered or did that it never should
        self._deployments = deployments
        self._reader = reader
        self._ended = threading.Event()
        self._last = ""  # the run that was asked for last
        self._unwanted: list[str] = []
        self._chance = random.Random(7)
        paces: dict[Callable[[Client], None], float] = {
            self._ask_for_a_run: RUN_EVERY_SECONDS,
            self._cancel: 0.7,
            self._read_lists: 0.4,
            self._write_lines: 0.5,
            self._raise_an_alarm: 5.0,
            self._open_a_page: 1.0,
        }
        self._threads = [
            *(threading.Thread(target=self._repeat, args=pace, name=pace[0].__name__) for pace in paces.items()),
            threading.Thread(target=self._speak_on_a_socket, name="speaks-on-a-socket"),
            threading.Thread(target=self._follow_a_page, name="follows-a-page"),
        ]
        self.client = client(side)

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """All of them have done what they were at; what is to be cancelled has been."""
        self._ended.set()
        for thread in self._threads:
            thread.join(2 * _PATIENCE_SECONDS)
            if thread.is_alive():
                self.failures.append(f"{thread.name} does not come to an end")
        while self._unwanted:
            self._cancel(self.client)

    def _repeat(self, act: Callable[[Client], None], every_seconds: float) -> None:
        mine = client(self.side)
        while not self._ended.wait(every_seconds):
            try:
                act(mine)
            except ServerUnreachable as error:
                self.failures.append(f"{act.__name__}: {error}")
            except ApiError as error:
                self.failures.append(f"{act.__name__}: {error}")
            except _AWAY:
                time.sleep(0.3)  # pages know no patience
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                self.failures.append(f"{act.__name__}: {type(error).__name__}: {error}")

    # --- runs of deployments

    def _ask_for_a_run(self, client: Client) -> None:
        waiting = {
            "deployments": {"id": {"any_": self._asked_for()}},
            "flow_runs": {"state": {"type": {"any_": _NOT_ENDED}}},
        }
        if client.ask("POST", "/flow_runs/count", waiting, patience_seconds=_PATIENCE_SECONDS) >= MOST_WAITING:
            return
        kinds = [name for name, kind in KINDS.items() if kind.weight]
        kind = self._chance.choices(kinds, [KINDS[name].weight for name in kinds])[0]
        # With the key, a request that is sent again because its answer was lost is one and the same.
        body = {"idempotency_key": str(uuid7())}
        path = f"/deployments/{self._deployments[kind]}/create_flow_run"
        run = client.ask("POST", path, body, patience_seconds=_PATIENCE_SECONDS)["id"]
        witness.tell("asked", run=run, kind=kind)
        self._last = run
        if kind == "sleeps":
            self._unwanted.append(run)
            if self._chance.random() < 0.5:
                self._cancel_run(client, run)

    def _asked_for(self) -> list[str]:
        return [self._deployments[name] for name, kind in KINDS.items() if kind.weight]

    def _cancel(self, client: Client) -> None:
        """Those that run; one that waits is left until it does. At the end, all."""
        for run in list(self._unwanted):
            state = client.ask("GET", f"/flow_runs/{run}", patience_seconds=_PATIENCE_SECONDS)["state_type"]
            if state == "RUNNING" or (self._ended.is_set() and state in _NOT_ENDED):
                self._cancel_run(client, run)
            if state == "CANCELLED" or self._ended.is_set():
                self._unwanted.remove(run)

    def _cancel_run(self, client: Client, run: str) -> None:
        state = {"state": {"type": "CANCELLING", "name": "Cancelling"}}
        client.ask("POST", f"/flow_runs/{run}/set_state", state, patience_seconds=_PATIENCE_SECONDS)

    # --- what is read

    def _read_lists(self, client: Client) -> None:
        ended = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED"]}}}}
        path, body = self._chance.choice(
            [
                ("/flow_runs/filter", {**ended, "sort": "EXPECTED_START_TIME_DESC", "limit": 50}),
                ("/flow_runs/count", ended),
                ("/task_runs/filter", {"sort": "EXPECTED_START_TIME_DESC", "limit": 50}),
                ("/task_runs/count", {}),
                ("/logs/filter", {"sort": "TIMESTAMP_DESC", "limit": 100}),
                ("/events/filter", {"filter": {"event": {"prefix": ["soak."]}}, "limit": 50}),
                ("/deployments/filter", {"limit": 50}),
            ]
        )
        client.ask("POST", path, body, patience_seconds=_PATIENCE_SECONDS)

    def _open_a_page(self, _: Client) -> None:
        if self._last:
            self._reader.open_one(self._chance, run=self._last)

    def _follow_a_page(self) -> None:
        """The socket of a list of runs; what changes is fetched, as the page does."""
        while not self._ended.is_set():
            try:
                with self._reader.socket() as socket:
                    socket.send(json.dumps({"type": "subscribe", "topics": ["runs", "events"]}))
                    while not self._ended.is_set():
                        try:
                            notice = json.loads(socket.recv(timeout=1))
                        except TimeoutError:
                            continue
                        if notice["type"] == "changed":
                            self._reader.fetch("/runs/")
                            time.sleep(1)
            except _AWAY:
                time.sleep(0.3)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                self.failures.append(f"follows a page: {type(error).__name__}: {error}")
                time.sleep(1)

    # --- what is sent

    def _write_lines(self, client: Client) -> None:
        at = format_time(datetime.now(UTC))
        lines = [
            {"id": str(uuid7()), "name": "soak", "level": 20, "message": f"raw {uuid7()}", "timestamp": at}
            for _ in range(RAW_LINES)
        ]
        client.send("POST", "/logs/", lines, patience_seconds=_PATIENCE_SECONDS)
        witness.tell("writes", lines=[line["message"] for line in lines])

    def _raise_an_alarm(self, client: Client) -> None:
        alarm = event(ALARM, resource="soak.alarm")
        client.send("POST", "/events/", [alarm], patience_seconds=_PATIENCE_SECONDS)
        witness.tell("alarms", event=alarm["id"])

    def _speak_on_a_socket(self) -> None:
        """As clients of the contract do: a ping after some events; what no pong covered is sent again."""
        unsure: list[dict[str, Any]] = []
        numbers = itertools.count()
        while not self._ended.is_set() or unsure:
            try:
                with _event_socket(self.side) as socket:
                    while not self._ended.is_set() or unsure:
                        for _ in range(0 if self._ended.is_set() else 4):
                            unsure.append(event(HEARD, resource=f"soak.socket.{next(numbers)}"))
                        for each in unsure:
                            socket.send(json.dumps(each))
                        if not socket.ping().wait(20):
                            raise TimeoutError
                        witness.tell("speaks raw", events=[each["id"] for each in unsure])
                        unsure = []
                        time.sleep(0.5)
            except _AWAY:
                time.sleep(0.3)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                self.failures.append(f"speaks on a socket: {type(error).__name__}: {error}")
                time.sleep(1)


def client(side: Side) -> Client:
    return Client(HttpTransport(str(side.api_url), timeout_seconds=30), auth_string=PASSWORD)


def event(name: str, *, resource: str) -> dict[str, Any]:
    return {
        "id": str(uuid7()),
        "occurred": format_time(datetime.now(UTC)),
        "event": name,
        "resource": {"prefect.resource.id": resource},
        "related": [],
        "payload": {"of": os.getpid()},
    }


def _event_socket(side: Side) -> ClientConnection:
    url = str(side.api_url).replace("http", "ws", 1) + "/events/in"
    socket = connect(url, additional_headers={"Authorization": authorization()}, subprotocols=["prefect"])  # type: ignore[list-item]
    socket.send(json.dumps({"type": "auth", "token": PASSWORD}))
    said = json.loads(socket.recv(timeout=20))
    if said.get("type") != "auth_success":
        raise OSError(f"the events' socket says {said}")
    return socket
