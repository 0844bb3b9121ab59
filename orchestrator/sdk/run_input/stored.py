"""The inputs of flow runs by their keys, under the names that Prefect's `prefect.input` has for them.

`receive_input` and RunInput are the comfortable way. In async code every function gives an awaitable, and each has a
form of its own that begins with `a`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from orchestrator.sdk.api.run_client import needed_client
from orchestrator.sdk.both_ways import both_ways
from orchestrator.sdk.context import current_flow_run
from orchestrator.sdk.errors import InputRefused, MissingContext
from orchestrator.sdk.outcomes.states import State
from orchestrator.sdk.run_input.inbox import Keyset, delete_input, find_inputs, give_input, keyset, read_input
from orchestrator.sdk.run_input.kinds import kind_of_value
from orchestrator.sdk.values.json_values import to_json


@dataclass(frozen=True, slots=True)
class FlowRunInput:
    """An input as the server has it: `value` is JSON text, `sender` says who sent it, None when nobody said so."""

    flow_run_id: str
    key: str
    value: str
    sender: str | None = None

    @property
    def decoded_value(self) -> Any:
        """`value` read as JSON."""
        return json.loads(self.value)


def current_run_id(given: Any, what: str) -> str:
    """The run that is meant; None means the current one. Raises MissingContext when there is none."""
    if given is not None:
        return str(given)
    run = current_flow_run.get()
    if run is None:
        raise MissingContext(f"{what} was called outside of a flow run; give flow_run_id")
    return run.id


def keyset_from_base_key(base_key: str) -> Keyset:
    """The keys of one question to a run: `schema`, `description`, and `response` for the answer."""
    return keyset(base_key)


def keyset_from_paused_state(state: State) -> Keyset:
    """The keys of the question that a paused or suspended run waits to be answered.

    Raises InputRefused for a state that is not paused.
    """
    key = state.details.get("pause_key")
    if not state.is_paused() or not key:
        raise InputRefused(f"{state} is no state of a paused run: nothing is asked there")
    return keyset(f"{state.name.lower()}-{key}")


@both_ways
def create_flow_run_input(key: str, value: Any, flow_run_id: Any = None, sender: str | None = None) -> None:
    """Give a run an input, anything that JSON can say; what the key has already stays.

    `flow_run_id` None is the current run. Raises MissingContext outside of runs and without a server, ApiError.
    """
    run_id = current_run_id(flow_run_id, "create_flow_run_input()")
    give_input(needed_client("create_flow_run_input()"), run_id, key=key, value=to_json(value), sender=sender)


@both_ways
def create_flow_run_input_from_model(
    key: str, model_instance: Any, flow_run_id: Any = None, sender: str | None = None
) -> None:
    """Give a run the fields of a RunInput or of a pydantic model. See `create_flow_run_input`."""
    fields = kind_of_value(model_instance).write(model_instance)
    create_flow_run_input.sync(key, fields, flow_run_id=flow_run_id, sender=sender)


@both_ways
def read_flow_run_input(key: str, flow_run_id: Any = None) -> Any:
    """The value of an input; None when there is none. `flow_run_id` None is the current run."""
    run_id = current_run_id(flow_run_id, "read_flow_run_input()")
    return read_input(needed_client("read_flow_run_input()"), run_id, key)


@both_ways
def filter_flow_run_input(
    key_prefix: str, limit: int = 1, exclude_keys: Iterable[str] | None = None, flow_run_id: Any = None
) -> list[FlowRunInput]:
    """The inputs whose keys begin so, the oldest first, at most `limit`. `flow_run_id` None is the current run."""
    run_id = current_run_id(flow_run_id, "filter_flow_run_input()")
    client = needed_client("filter_flow_run_input()")
    found = find_inputs(client, run_id, prefix=key_prefix, exclude_keys=exclude_keys or (), limit=limit)
    return [FlowRunInput(run_id, row["key"], row["value"], row.get("sender")) for row in found]


@both_ways
def delete_flow_run_input(key: str, flow_run_id: Any = None) -> None:
    """Delete an input, which may be gone already. `flow_run_id` None is the current run."""
    run_id = current_run_id(flow_run_id, "delete_flow_run_input()")
    delete_input(needed_client("delete_flow_run_input()"), run_id, key)


acreate_flow_run_input = create_flow_run_input.aio
acreate_flow_run_input_from_model = create_flow_run_input_from_model.aio
aread_flow_run_input = read_flow_run_input.aio
afilter_flow_run_input = filter_flow_run_input.aio
adelete_flow_run_input = delete_flow_run_input.aio
