"""The probes on real set-ups, some of them broken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.cli.doctor.checks.redis import redis_evicts_nothing
from orchestrator.cli.doctor.findings import Level
from orchestrator.cli.doctor.probes.machine import look_at_machine
from orchestrator.cli.doctor.probes.redis import look_at_redis
from orchestrator.cli.doctor.probes.server import environment_of, is_server_side
from orchestrator.cli.doctor.probes.websocket import handshake_status
from orchestrator.cli.pidfile import Running
from tests import services
from tests.cli.doctor.proxies import listening, proxy_without_upgrade


def as_a_websocket_server(request):
    if b"upgrade: websocket" in request.lower():
        return b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def test_sees_a_websocket_open():
    with listening(as_a_websocket_server) as url:
        assert handshake_status(url) == 101


def test_sees_that_a_proxy_drops_the_upgrade():
    with listening(as_a_websocket_server) as url, proxy_without_upgrade(url) as behind:
        assert handshake_status(behind) == 404


def test_tells_why_nothing_answers():
    assert "refused" in str(handshake_status(f"http://127.0.0.1:{services.free_port()}"))


@pytest.mark.skipif(not services.has_redis(), reason="Redis is not installed")
def test_notices_that_redis_evicts():
    from redis import Redis

    with services.redis() as url:
        before = look_at_redis(url)
        Redis.from_url(url).config_set("maxmemory-policy", "allkeys-lru")
        after = look_at_redis(url)

    assert before.trouble is None
    assert before.saves is False
    assert abs(before.clock_ahead_seconds) < 2
    assert redis_evicts_nothing(before).level is Level.OK
    assert redis_evicts_nothing(after).level is Level.PROBLEM


def test_tells_no_password_of_a_redis_that_is_away():
    found = look_at_redis(f"redis://:very-secret@127.0.0.1:{services.free_port()}/0")

    assert found.trouble
    assert "very-secret" not in repr(found)


def test_sees_secrets_that_others_may_read(tmp_path):
    (tmp_path / "secret_key").write_text("x")
    (tmp_path / "secret_key").chmod(0o644)
    (tmp_path / "encryption_key").write_text("x")
    (tmp_path / "encryption_key").chmod(0o600)

    machine = look_at_machine(tmp_path)

    assert machine.readable == (("secret_key", "-rw-r--r--"),)
    assert machine.free_bytes > 0


def test_looks_at_a_directory_that_is_not_there_yet(tmp_path):
    machine = look_at_machine(tmp_path / "a" / "b")

    assert not machine.home_exists
    assert machine.readable == ()


def test_takes_a_data_directory_with_a_database_for_a_server(tmp_path):
    before = is_server_side(tmp_path, {}, None)
    (tmp_path / "orchestrator.db").touch()

    assert (before, is_server_side(tmp_path, {}, None)) == (False, True)
    assert is_server_side(tmp_path / "elsewhere", {"DATABASE_URL": "postgres://x"}, None)


def test_judges_the_server_by_what_it_was_told_itself(monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_DEBUG", "true")
    lines = Path(f"/proc/{os.getpid()}/environ").read_text().split("\0")
    told = dict(line.split("=", 1) for line in lines if "=" in line)

    environment = environment_of(Running(os.getpid(), "http://127.0.0.1:4321"))

    assert environment.get("ORCHESTRATOR_DEBUG") == told.get("ORCHESTRATOR_DEBUG")
    assert environment["PATH"]
