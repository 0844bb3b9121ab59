"""A server that asks everybody who they are still has its own worker."""

import pytest

from orchestrator.sdk.client import Client
from orchestrator.sdk.errors import ApiError
from orchestrator.sdk.transport import HttpTransport
from tests.e2e.system import System, eventually


@pytest.fixture
def closed(tmp_path):
    system = System(tmp_path, {"ORCHESTRATOR_API_AUTH": "required"})
    yield system
    system.stop()
    print(system.output())


def test_its_own_worker_needs_no_key(closed):
    closed.supervisor = closed.command("server", "start", "--port", "0", "--no-services")

    eventually(lambda: "serves work pool 'default'" in closed.output(), seconds=30)


def test_strangers_are_refused(closed):
    closed.start("--no-worker", "--no-services")
    stranger = Client(HttpTransport(f"{closed.url}/api", timeout_seconds=20))

    with pytest.raises(ApiError, match="401"):
        stranger.ask("POST", "/flows/filter", {})
