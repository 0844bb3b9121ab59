"""The page that tells what somebody serves."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from orchestrator import TaskServingError, flow
from orchestrator import serve as serve_anything
from orchestrator.sdk.background_tasks.serving import serve_tasks
from orchestrator.sdk.background_tasks.status_page import status_page
from orchestrator.sdk.errors import DeploymentError
from tests.sdk.background_tasks.desk import (
    calls,
    delayed,
    double,
    proceed,
    wait_for_it,
)
from tests.waiting import eventually


def test_tells_what_it_does_to_whoever_asks(serve, desk, api):
    run = delayed(api, wait_for_it, 1)
    serving = serve(wait_for_it, limit=3)
    desk.subscribed()
    desk.to_hear.put(run)
    eventually(lambda: calls)

    with status_page(0, serving.status) as port:
        told = asked(f"http://127.0.0.1:{port}/status")
        with pytest.raises(HTTPError, match="404"):
            asked(f"http://127.0.0.1:{port}/")

    assert (told["tasks"], told["limit"], told["current"], told["available"]) == ([wait_for_it.task_key], 3, 1, 2)
    assert (told["finished"], told["stopping"]) == (0, False)
    assert list(told["in_flight"][wait_for_it.task_key]) == [run["id"]]
    proceed.set()
    eventually(lambda: serving.status()["finished"] == 1)
    assert serving.status()["in_flight"] == {}


def test_is_served_with_a_page_for_its_status(api, desk, capfd):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    serve_anything(double, status_server_port=port, timeout=0.02)

    assert f"http://127.0.0.1:{port}/status" in capfd.readouterr().err


@pytest.mark.parametrize("port", ["taken", -1, "http"])
def test_refuses_a_port_that_cannot_be_listened_on(api, desk, port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(TaskServingError, match="status_server_port"):
            serve_tasks(double, status_server_port=taken.getsockname()[1] if port == "taken" else port, timeout=0.02)


def asked(url: str) -> Any:
    with urlopen(url, timeout=30) as answer:
        return json.load(answer)


def test_has_no_page_for_deployments():
    with pytest.raises(DeploymentError, match="for tasks"):
        serve_anything(flow(lambda: None, name="f").to_deployment("d"), status_server_port=8080)
