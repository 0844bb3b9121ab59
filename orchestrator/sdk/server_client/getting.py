"""`get_client()`: the server that this process speaks to, as an object."""

from __future__ import annotations

from typing import Literal, overload

from orchestrator.sdk.api.run_client import needed_client
from orchestrator.sdk.server_client.awaiting import OrchestratorClient
from orchestrator.sdk.server_client.blocking import SyncOrchestratorClient


@overload
def get_client(*, sync_client: Literal[False] = False) -> OrchestratorClient: ...
@overload
def get_client(*, sync_client: Literal[True]) -> SyncOrchestratorClient: ...


def get_client(*, sync_client: bool = False) -> OrchestratorClient | SyncOrchestratorClient:
    """The API of the server that the settings name; inside a run, of the run's server.

        async with get_client() as client:
            failed = await client.read_flow_runs(flow_run_filter=FlowRunFilter(state={"name": {"any_": ["Failed"]}}))

        with get_client(sync_client=True) as client:
            client.pause_deployment(deployment_id)

    Raises MissingContext when there is no server.
    """
    client = needed_client("get_client()")
    return SyncOrchestratorClient(client) if sync_client else OrchestratorClient(client)
