"""A worker whose broker goes away, and comes back: it consumes again, and says how it stands."""

import os
import signal
import socket
import subprocess
import time

import pytest

from tests.services import free_port, has_redis
from tests.waiting import eventually

QUICK = "@flow\ndef main(): pass"
needs_redis = pytest.mark.skipif(not has_redis(), reason="Redis is not installed")


class Redis:
    """A Redis that can be killed and started again on the same port, with nothing of what it held."""

    def __init__(self, directory):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._directory = directory
        self.start()

    def start(self):
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=self._directory)
        eventually(self._listens)

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def redis(tmp_path):
    redis = Redis(tmp_path)
    yield redis
    if redis.process.poll() is None:
        redis.process.send_signal(signal.SIGCONT)
        redis.kill()


def states_told(api):
    return [beat["broker_state"] for beat in api.heartbeats if beat.get("broker_state")]


def executes_a_run(worker, seconds=20.0):
    run = worker.run(QUICK)
    eventually(lambda: [each for each in worker.api.released if each["run"] == run], seconds=seconds)


@needs_redis
class TestWithRedis:
    @pytest.fixture
    def broker(self, redis):
        return redis.url

    def test_consumes_again_however_often_redis_is_restarted(self, worker, redis, api):
        worker.start()
        executes_a_run(worker)

        for _ in range(3):
            redis.kill()
            eventually(lambda: states_told(api)[-1:] == ["LOST"])
            redis.start()
            eventually(lambda: states_told(api)[-1:] == ["CONSUMING"])
            executes_a_run(worker)

    def test_goes_on_with_a_run_while_redis_is_away(self, worker, redis, api):
        worker.start("--concurrency", "1")
        run = worker.run("@flow\ndef main():\n    print('begins')\n    time.sleep(4)\n    print('ends')")
        eventually(lambda: "begins" in api.messages_of(run))

        redis.kill()
        time.sleep(1)
        redis.start()

        eventually(lambda: [each for each in api.released if each["run"] == run])
        assert "ends" in api.messages_of(run)
        executes_a_run(worker)

    def test_consumes_again_after_redis_was_frozen(self, worker, redis, api):
        worker.start()
        executes_a_run(worker)

        os.kill(redis.process.pid, signal.SIGSTOP)
        eventually(lambda: states_told(api)[-1:] == ["LOST"], seconds=30)
        os.kill(redis.process.pid, signal.SIGCONT)

        eventually(lambda: states_told(api)[-1:] == ["CONSUMING"], seconds=30)
        executes_a_run(worker)


class TestWithTheEmbeddedBroker:
    def test_consumes_from_a_file_that_took_the_place_of_another(self, worker, api):
        worker.start()
        executes_a_run(worker)

        for name in ("broker.db", "broker.db-wal", "broker.db-shm"):
            (worker.home / name).unlink(missing_ok=True)

        executes_a_run(worker)
        assert "LOST" not in states_told(api)

    def test_waits_for_a_locked_file(self, worker):
        import sqlite3

        worker.start()
        executes_a_run(worker)
        lock = sqlite3.connect(worker.home / "broker.db", isolation_level=None)

        lock.execute("BEGIN IMMEDIATE")
        time.sleep(2)
        lock.execute("ROLLBACK")

        executes_a_run(worker)


def test_says_that_it_consumes(worker, api):
    worker.start()

    eventually(lambda: states_told(api) == ["CONSUMING"])

    assert api.heartbeats[-1]["last_probe_age_seconds"] < 5


def test_says_nothing_wrong_while_every_process_has_a_run(worker, api):
    worker.start("--concurrency", "1")
    run = worker.run("@flow\ndef main():\n    time.sleep(3)")
    eventually(lambda: api.claims)

    eventually(lambda: [each for each in api.released if each["run"] == run])

    assert "LOST" not in states_told(api)
