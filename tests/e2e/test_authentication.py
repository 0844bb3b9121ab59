"""A server that asks everybody who they are still has its own worker."""

import subprocess

import pytest

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.transport import HttpTransport
from orchestrator.sdk.errors import ApiError
from tests.e2e.system import System
from tests.waiting import eventually


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


def test_a_key_made_beside_the_database_opens_the_server_until_it_is_revoked(closed):
    closed.start("--no-worker", "--no-services")
    made = closed.command("api-key", "create", "laptop", stdout=subprocess.PIPE)
    key = made.communicate(timeout=60)[0].decode().strip()
    friend = Client(HttpTransport(f"{closed.url}/api", timeout_seconds=20), api_key=key)

    assert friend.ask("POST", "/flows/count", {}) == 0

    assert closed.command("api-key", "revoke", "laptop").wait(60) == 0
    with pytest.raises(ApiError, match="401"):
        friend.ask("POST", "/flows/count", {})


def test_its_own_worker_works_below_a_path_and_with_csrf_protection(tmp_path):
    settings = {
        "ORCHESTRATOR_API_AUTH": "required",
        "ORCHESTRATOR_CSRF_PROTECTION": "true",
        "ORCHESTRATOR_PUBLIC_URL": "http://127.0.0.1:4200/orchestrator",
    }
    system = System(tmp_path, settings)
    try:
        system.supervisor = system.command("server", "start", "--port", "0", "--no-services")

        eventually(lambda: "serves work pool 'default'" in system.output(), seconds=40)
    finally:
        system.stop()
