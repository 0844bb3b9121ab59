"""The hooks of a run that cannot call them itself any more: its process is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.sdk.api.client import Client, current_client
from orchestrator.sdk.engine.authority import known_flow_run
from orchestrator.sdk.flows.flow_run import FlowRun
from orchestrator.sdk.options.hooks import hooks_for

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow import Flow
    from orchestrator.sdk.outcomes.states import State


def call_hooks_of_dead_run(
    flow: Flow[Any, Any], state: State, *, flow_run: dict[str, Any], client: Client | None = None
) -> None:
    """Call the hooks that the flow has for this last state of a run whose own process is gone.

    `flow_run` is the run as the API writes it, which is what the hooks see. When this returns, what they logged has
    arrived, or ORCHESTRATOR_DRAIN_SECONDS have passed.
    """
    if not hooks_for(flow, state)[1]:
        return
    client = client or current_client()
    parameters = flow_run.get("parameters") or {}
    run = FlowRun(flow, parameters, client=client, known=known_flow_run(flow_run))
    run.abandoned = True
    run.call_hooks(state, seen=flow_run)
    if client is not None:
        client.delivery.flush()
