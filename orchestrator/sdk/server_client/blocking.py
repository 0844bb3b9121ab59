"""The client whose methods block; `awaiting.py` has the other one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from orchestrator.sdk.server_client.calls.automations import AutomationCalls
from orchestrator.sdk.server_client.calls.blocks import BlockCalls
from orchestrator.sdk.server_client.calls.deployments import DeploymentCalls
from orchestrator.sdk.server_client.calls.flow_runs import FlowRunCalls
from orchestrator.sdk.server_client.calls.flows import FlowCalls
from orchestrator.sdk.server_client.calls.kept import KeptCalls
from orchestrator.sdk.server_client.calls.limits import LimitCalls
from orchestrator.sdk.server_client.calls.server import ServerCalls
from orchestrator.sdk.server_client.calls.work_pools import WorkPoolCalls


class SyncOrchestratorClient(
    FlowRunCalls,
    FlowCalls,
    DeploymentCalls,
    WorkPoolCalls,
    KeptCalls,
    BlockCalls,
    LimitCalls,
    AutomationCalls,
    ServerCalls,
):
    """The API of one server, by methods that block. From `get_client(sync_client=True)`.

    Every method raises ApiError when the server refuses, ObjectNotFound and ObjectAlreadyExists among them,
    ServerUnreachable when it does not answer, and FilterError for what cannot be sent.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def calls() -> dict[str, Callable[..., Any]]:
    """The public methods by name, in the order in which they are written."""
    return {
        name: method
        for kind in SyncOrchestratorClient.__mro__
        if kind not in (SyncOrchestratorClient, object)
        for name, method in vars(kind).items()
        if not name.startswith("_") and callable(method)
    }
