"""What type checkers see of the client that is awaited."""

from __future__ import annotations

import inspect
from pathlib import Path

from orchestrator.sdk.server_client import awaiting
from orchestrator.sdk.server_client.blocking import calls

STUB = Path(awaiting.__file__).with_suffix(".pyi")
HEAD = '''"""What type checkers see of `awaiting.py`. `python -m tests.sdk.server_client.test_stub` writes it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import ApiAnswer
from orchestrator.sdk.outcomes.states import State
from orchestrator.sdk.run_input.stored import FlowRunInput
from orchestrator.sdk.server_client.calls.core import Given, Id
from orchestrator.sdk.server_client.records import (
    ArtifactRecord,
    AutomationRecord,
    BlockRecord,
    ConcurrencyLimit,
    DeploymentResponse,
    DeploymentSchedule,
    EventPage,
    Flow,
    FlowRun,
    Log,
    OrchestrationResult,
    TaskRun,
    VariableRecord,
    Worker,
    WorkerFlowRun,
    WorkPool,
    WorkQueue,
)

class OrchestratorClient:
    def __init__(self, client: Client) -> None: ...
    @property
    def _client(self) -> Client: ...
    @property
    def api_url(self) -> str: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...
'''


def stub() -> str:
    methods = []
    for name, method in calls().items():
        told = inspect.signature(method)
        lines, keywords_only = [], False
        for each in told.parameters.values():
            if each.kind is each.KEYWORD_ONLY and not keywords_only:
                lines.append("*")
                keywords_only = True
            stars = "**" if each.kind is each.VAR_KEYWORD else ""
            hint = f": {each.annotation}" if each.annotation is not each.empty else ""
            default = f"{' = ' if hint else '='}{each.default!r}" if each.default is not each.empty else ""
            lines.append(f"{stars}{each.name}{hint}{default}")
        flat = f"    async def {name}({', '.join(lines)}) -> {told.return_annotation}: ..."
        if len(flat) > 120:
            inner = ", ".join(lines)
            if len(inner) + 8 <= 120 and "**" not in inner and len(lines) < 4:
                flat = f"    async def {name}(\n        {inner}\n    ) -> {told.return_annotation}: ..."
            else:
                inner = "".join(f"        {line},\n" for line in lines)
                flat = f"    async def {name}(\n{inner}    ) -> {told.return_annotation}: ..."
        methods.append(flat)
    return HEAD + "\n".join(methods) + "\n"


def test_tells_type_checkers_every_method():
    assert STUB.read_text().split() == stub().split(), "write it: python -m tests.sdk.server_client.test_stub"


if __name__ == "__main__":
    STUB.write_text(stub())
