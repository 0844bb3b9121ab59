"""The clients under the names that scripts written for Prefect annotate with."""

from __future__ import annotations

from orchestrator.sdk.server_client.awaiting import OrchestratorClient
from orchestrator.sdk.server_client.blocking import SyncOrchestratorClient

PrefectClient = OrchestratorClient
SyncPrefectClient = SyncOrchestratorClient
