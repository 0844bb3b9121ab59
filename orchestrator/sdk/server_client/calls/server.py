"""The server itself."""

from __future__ import annotations

from typing import Any

from orchestrator.contract.versions import API_VERSION
from orchestrator.sdk.errors import ApiAnswer, OrchestratorError
from orchestrator.sdk.server_client.calls.core import Calls


class ServerCalls(Calls):
    """What can be asked about the server."""

    def hello(self) -> ApiAnswer:
        """The server's greeting: `.status_code` is 200, `.json()` what it says. Raises ServerUnreachable."""
        response = self._client.send("GET", "/hello")
        return ApiAnswer(response.status, response.json())

    def api_healthcheck(self) -> Exception | None:
        """None when the server answers, else what stands against it."""
        try:
            self._client.send("GET", "/health", patience_seconds=0)
        except OrchestratorError as error:
            return error
        return None

    def api_version(self) -> str:
        """Which Prefect the server speaks as, such as 3.8.8."""
        return str(self._ask("GET", "/admin/version"))

    def client_version(self) -> str:
        """The version of the API that this client speaks."""
        return API_VERSION

    def read_worker_metadata(self) -> dict[str, Any]:
        """Which kinds of workers there are, and what their pools can be set to."""
        return dict(self._ask("GET", "/collections/views/aggregate-worker-metadata"))
