from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from orchestrator.sdk.limits import leases
from orchestrator.sdk.limits.leases import Lease
from tests.sdk.fake_store import FakeStore
from tests.sdk.http_server import HttpServer

GIVEN_BACK = "/v2/concurrency_limits/decrement-with-lease"


@pytest.fixture
def served() -> Iterator[HttpServer]:
    server = HttpServer(FakeStore())
    server.start()
    yield server
    server.stop()


def taken(store: FakeStore, *, raises: bool = False) -> Lease:
    store.leases["lease-1"] = {"names": ["database"], "slots": 1}
    return Lease(store.client(), "lease-1", seconds=60.0, raises=raises, quiet=False)


def test_is_given_back_once(store: FakeStore) -> None:
    lease = taken(store)

    lease.release()
    lease.release()

    assert len(store.bodies(GIVEN_BACK)) == 1


def test_ends_by_itself_when_the_server_is_away(store: FakeStore, caplog: pytest.LogCaptureFixture) -> None:
    lease = taken(store)
    store.down = True

    lease.release(patience_seconds=0)

    assert store.in_use("database") == 1  # until it ends


def test_is_renewed_again_after_a_renewal_that_failed(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "_AGAIN_AFTER_SECONDS", 0.001)
    lease = taken(store)
    answers = iter([(500, {"detail": "broken"}), (500, {"detail": "broken"}), (204, None)])
    monkeypatch.setattr(store, "_renew", lambda body, lease_id: next(answers))

    trouble = lease._renewed_before(float("inf"))

    assert trouble is None
    assert next(answers, None) is None


def test_is_lost_when_the_server_does_not_know_it(store: FakeStore) -> None:
    lease = taken(store)
    store.leases.clear()

    trouble = lease._renewed_before(float("inf"))

    assert "ended" in str(trouble)


def test_is_left_alone_by_a_forked_child(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = taken(store)
    monkeypatch.setattr(os, "getpid", lambda: -1)

    lease.release()

    assert store.bodies(GIVEN_BACK) == []


def test_is_given_back_at_the_end_of_the_process(served: HttpServer) -> None:
    store = served.api
    assert isinstance(store, FakeStore)
    store.limits["database"] = 1
    program = "from orchestrator import concurrency\nconcurrency('database').__enter__()\n"

    environment = {**os.environ, "ORCHESTRATOR_API_URL": served.url}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)

    assert len(store.bodies("/v2/concurrency_limits/increment-with-lease")) == 1
    assert store.in_use("database") == 0
