"""Letting a paused run go on, with what it was waiting to be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from orchestrator.contract.states import State, StateType, Status
from orchestrator.rest.json import dump
from orchestrator.rest.value_schemas import BadSchema, errors_in
from orchestrator.store.errors import HydrationFailed
from orchestrator.store.services.hydration import hydrate
from runs.models import FlowRun, FlowRunInput
from runs.services.inputs import find_input
from runs.services.transitions import Answer, ClientVersion, locked_flow_run, propose_state_of_locked


class UnusableInput(Exception):
    """The run cannot go on with this input. The message says why."""


def resume_flow_run(
    *, flow_run_id: UUID, run_input: dict[str, Any] | None = None, client: ClientVersion | None = None
) -> Answer:
    """A run that waits in its process is RUNNING again; one that was suspended is scheduled for now.

    A pause that waits for input is left only with input that fits the schema stored with it: else REJECT, with the
    present state. A run that is not paused stays as it is: ABORT, without a state. Raises RunNotFound.
    """
    with transaction.atomic():
        run = locked_flow_run(flow_run_id)
        paused = run.current_state
        if paused is None or paused.type is not StateType.PAUSED:
            return Answer(Status.ABORT, None, reason="Cannot resume a flow run that is not paused.")
        keyset: Mapping[str, str] | None = paused.details.get("run_input_keyset")
        values: dict[str, Any] = {}
        if keyset:
            try:
                values = _usable(run, keyset, run_input or {})
            except UnusableInput as error:
                return Answer(Status.REJECT, paused, reason=str(error))
        suspended = paused.details.get("pause_reschedule")
        proposal = State(type=StateType.SCHEDULED, name="Resuming") if suspended else State(type=StateType.RUNNING)
        answer = propose_state_of_locked(run, proposal=proposal, client=client)
        if keyset and answer.status is Status.ACCEPT and keyset.get("response"):
            _store(run, keyset["response"], values)
        return answer


def _usable(run: FlowRun, keyset: Mapping[str, str], run_input: dict[str, Any]) -> dict[str, Any]:
    """The input as the run will read it. Raises UnusableInput."""
    try:
        values = hydrate(run_input, doing="run input")
    except HydrationFailed as error:
        raise UnusableInput(str(error)) from None
    stored = find_input(flow_run_id=run.pk, key=keyset.get("schema", ""))
    if stored is None:
        raise UnusableInput("Run input schema not found.")
    try:
        schema = orjson.loads(stored.value)
    except orjson.JSONDecodeError:
        raise UnusableInput("Run input schema is not valid JSON.") from None
    try:
        found = errors_in(values, schema) if isinstance(schema, dict) else []
    except BadSchema as error:
        raise UnusableInput(str(error)) from None
    if found:
        raise UnusableInput(f"Reason: {_told(found[0])}")
    return values


def _store(run: FlowRun, key: str, values: dict[str, Any]) -> None:
    """An answer that leaves everything to the defaults also takes the place of one that an earlier attempt got."""
    if values:
        FlowRunInput.objects.update_or_create(flow_run=run, key=key, defaults={"value": dump(values).decode()})
    else:
        FlowRunInput.objects.filter(flow_run=run, key=key).delete()


def _told(error: Any) -> str:
    """The first thing that is wrong, and in which field."""
    path: list[str] = []
    while isinstance(error, dict):
        path.append(str(error.get("property", error.get("index"))))
        error = error["errors"][0]
    field = f" for field '{'.'.join(path)}'" if path else ""
    return f"Validation failed{field}. Failure reason: {error}"
