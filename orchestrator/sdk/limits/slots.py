"""Slots of limits, as the server gives them: asking until some are free, and telling that they were taken."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.run_client import client_of_run, ids_of_run, needs_server
from orchestrator.sdk.configuration.settings import drain_seconds
from orchestrator.sdk.errors import ApiError, SlotsTimeout, SlotsUnavailable
from orchestrator.sdk.events import Event, emit_event
from orchestrator.sdk.recording.logs import logger_of_run
from orchestrator.sdk.timing import pace

UNTOLD_PAUSE_SECONDS = 1.0  # when the server does not say when to ask again
LONGEST_PAUSE_SECONDS = 30.0


def ask_until_free(
    client: Client, path: str, body: dict[str, Any], *, timeout_seconds: float | None, max_retries: int | None = None
) -> Any:
    """The server's answer once it gives the slots that `body` asks for. Raises SlotsTimeout, SlotsUnavailable."""
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    denied = 0
    while True:
        left = drain_seconds() if deadline is None else max(0.0, deadline - time.monotonic())
        try:
            return client.ask("POST", path, body, patience_seconds=min(left, drain_seconds()))
        except ApiError as error:
            if error.status != 423:
                raise SlotsUnavailable(f"No slots of {_listed(body['names'])}: {error}") from error
            pause = error.retry_after_seconds
        denied += 1
        if max_retries is not None and denied > max_retries:
            raise SlotsUnavailable(f"No slots of {_listed(body['names'])} were free, in {denied} tries")
        pause = min(UNTOLD_PAUSE_SECONDS if pause is None else pause, LONGEST_PAUSE_SECONDS)
        if deadline is not None:
            if time.monotonic() >= deadline:
                names = _listed(body["names"])
                raise SlotsTimeout(f"No slots of {names} became free within {timeout_seconds:g} seconds")
            pause = min(pause, deadline - time.monotonic())
        pace.pause(pause)


def client_for(names: list[str], *, strict: bool) -> Client | None:
    """None without a server: then nothing is limited; `strict` raises SlotsUnavailable."""
    client = client_of_run()
    if client is None and strict and names:
        raise SlotsUnavailable(needs_server(f"Taking slots of {_listed(names)}"))
    return client


def say_that_none_exist(names: list[str], *, strict: bool, quiet: bool) -> None:
    """In the run's log, unless `quiet`; `strict` raises SlotsUnavailable."""
    if strict:
        raise SlotsUnavailable(f"There is no concurrency limit {_listed(names)}; make it before it is used")
    if not quiet:
        logger_of_run().warning(f"There is no concurrency limit {_listed(names)}: nothing is limited")


def run_as_holder() -> dict[str, str] | None:
    """The innermost run that calls; None outside of runs."""
    flow_run_id, task_run_id = ids_of_run()
    if task_run_id is not None:
        return {"type": "task_run", "id": task_run_id}
    return {"type": "flow_run", "id": flow_run_id} if flow_run_id is not None else None


def tell(phase: str, limits: list[dict[str, Any]], slots: int, before: list[Event] | None = None) -> list[Event]:
    """Events that slots of these limits were `acquired`, or `released` after the events that say the former."""
    events = []
    for index, limit in enumerate(limits):
        others = [
            {"prefect.resource.id": _resource_id(other), "prefect.resource.role": "concurrency-limit"}
            for other in limits
            if other["id"] != limit["id"]
        ]
        resource = {
            "prefect.resource.id": _resource_id(limit),
            "prefect.resource.name": limit["name"],
            "slots-acquired": str(slots),
            "limit": str(limit["limit"]),
        }
        follows = before[index] if before else None
        events.append(
            emit_event(f"prefect.concurrency-limit.{phase}", resource=resource, related=others, follows=follows)
        )
    return events


def checked_names(names: Any) -> list[str]:
    if names is not None and not isinstance(names, (str, Iterable)):
        raise ValueError(f"names is {names!r}; the name of a concurrency limit is needed, or several")
    listed = [names] if isinstance(names, str) and names else list(names or ())
    for name in listed:
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"names: {name!r} is no name of a concurrency limit")
    return listed


def checked_slots(slots: Any) -> int:
    if not isinstance(slots, int) or isinstance(slots, bool) or slots < 1:
        raise ValueError(f"occupy is {slots!r}; a whole number from 1 on is needed")
    return slots


def _resource_id(limit: dict[str, Any]) -> str:
    return f"prefect.concurrency-limit.{limit['id']}"


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))
