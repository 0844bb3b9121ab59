"""A server in memory for every test that asks for `api`; no server at all for the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.sdk.api.client import use_client
from tests.sdk.fake_api import FakeApi
from tests.sdk.fake_store import FakeStore
from tests.sdk.http_server import HttpServer


@pytest.fixture(autouse=True)
def data_directory(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the test's own: what a server that is away did not take is kept there."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def no_server_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ("API_URL", "API_KEY", "API_AUTH_STRING", "UI_URL", "DRAIN_SECONDS", "CONNECT_SECONDS", "LOGGING_LEVEL")
    for name in settings:
        monkeypatch.delenv(f"ORCHESTRATOR_{name}", raising=False)
        monkeypatch.delenv(f"PREFECT_{name}", raising=False)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    fake = FakeApi()
    with use_client(fake.client()):
        yield fake


@pytest.fixture
def store() -> Iterator[FakeStore]:
    """A server in memory that keeps artifacts, variables and limits, too."""
    fake = FakeStore()
    with use_client(fake.client()):
        yield fake


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    """A real server on loopback; the environment points to it."""
    server = HttpServer(FakeApi())
    server.start()
    monkeypatch.setenv("ORCHESTRATOR_API_URL", server.url)
    yield server
    server.stop()
