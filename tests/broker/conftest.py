"""The embedded broker, in a file of the test's own."""

from __future__ import annotations

import pytest
from kombu import Connection

from orchestrator.broker import broker_url, register
from tests.services import has_redis, redis

register()


@pytest.fixture
def url(tmp_path):
    return broker_url(tmp_path / "broker.db")


@pytest.fixture
def connection(url):
    with Connection(url) as connection:
        yield connection


@pytest.fixture(scope="module")
def redis_url():
    if not has_redis():
        pytest.skip("Redis is not installed")
    with redis() as url:
        yield url
