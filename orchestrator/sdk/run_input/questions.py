"""What a paused run asks: stored beside the run, so that pages and other programs can answer it."""

from __future__ import annotations

from typing import Any

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import InputRefused
from orchestrator.sdk.run_input.inbox import Keyset, give_input, read_input
from orchestrator.sdk.run_input.kinds import InputMetadata, Kind


def store_question(client: Client, flow_run_id: str, keys: Keyset, kind: Kind) -> None:
    """Say what the answer must look like, in the place of an earlier question under these keys."""
    give_input(client, flow_run_id, key=keys["schema"], value=kind.schema(), replace=True)
    if kind.description:
        give_input(client, flow_run_id, key=keys["description"], value=kind.description, replace=True)


def read_answer(client: Client, flow_run_id: str, keys: Keyset, kind: Kind) -> Any:
    """The answer, as a value of the kind. One that left everything to the defaults is not stored.

    Raises InputRefused when it does not fit.
    """
    key = keys["response"]
    values = read_input(client, flow_run_id, key)
    if values is not None and not isinstance(values, dict):
        raise InputRefused(f"Input {key!r} is no JSON object: {values!r}")
    return kind.read(values or {}, InputMetadata(key, flow_run_id))
