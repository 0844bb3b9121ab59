"""What a deployment says about its flow: name, description and parameters, from the flow's file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestrator.sdk.errors import FlowNotFound


@dataclass(frozen=True, slots=True)
class FlowFacts:
    """`entrypoint` is the one to store; `is_ours` says that the code is written for our SDK."""

    name: str
    description: str | None
    version: str | None
    schema: dict[str, Any]
    entrypoint: str
    is_ours: bool


def loaded_facts(entrypoint: str, *, directory: str) -> FlowFacts:
    """Of a flow of ours: its file, `file.py:flow` seen from `directory`, is executed, the flow is not.

    Raises FlowNotFound, with the reason when the file cannot be loaded.
    """
    from orchestrator.sdk.flows.loading import opened_flow
    from orchestrator.sdk.type_hints.parameter_schemas import parameter_schema

    try:
        with opened_flow(entrypoint, directory=directory) as flow:
            schema = parameter_schema(flow.fn)
            return FlowFacts(flow.name, flow.description, flow.version, schema, entrypoint, is_ours=True)
    except FlowNotFound:
        raise
    except (Exception, SystemExit) as error:
        # The file is the author's, and may raise anything while it is loaded.
        raise FlowNotFound(f"{entrypoint} does not load: {type(error).__name__}: {error}") from error
