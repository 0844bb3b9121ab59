"""A server's side of serving tasks, which the tests play, and tasks to be served."""

from __future__ import annotations

import threading
from typing import Any

from orchestrator.sdk.api.client import current_client
from tests.sdk.fake_api import FakeApi

GONE = object()
proceed = threading.Event()
calls: list[Any] = []


def delayed(api: FakeApi, of: Any, *arguments: Any) -> dict[str, Any]:
    return api.task_runs[of.delay(*arguments).task_run_id]


def names(api: FakeApi, run: dict[str, Any]) -> list[str]:
    """The states of the run that the server was told of by now."""
    current_client().delivery.flush(5)
    mine = [each for each in api.events if each["resource"]["prefect.resource.id"].endswith(run["id"])]
    return [each["payload"]["validated_state"]["name"] for each in mine]
