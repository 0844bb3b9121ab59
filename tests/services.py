"""Private instances of PostgreSQL and Redis, for tests and benchmarks: on free ports, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_SECONDS = 30.0


def has_redis() -> bool:
    return shutil.which("redis-server") is not None


def has_postgres() -> bool:
    return _postgres_program("initdb") is not None and (os.getuid() != 0 or _unprivileged() is not None)


@contextmanager
def redis() -> Iterator[str]:
    """The URL of an empty Redis."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", directory, "--save", ""]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            _wait_for_port(port, process)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait()


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[str]:
    """The URL of an empty database. PostgreSQL refuses to run as root, so root starts it as another user.

    `durable` says whether commits wait for the disk, as those of a real server do; tests need no such thing.
    """
    port = free_port()
    user = _unprivileged() if os.getuid() == 0 else None
    directory = Path(tempfile.mkdtemp(prefix="postgres-"))
    options: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    try:
        if user:
            os.chown(directory, user.pw_uid, user.pw_gid)
        data = directory / "data"
        initdb, program = _postgres_program("initdb") or "initdb", _postgres_program("postgres") or "postgres"
        setup = [initdb, "-D", str(data), "-U", "tests", "--auth=trust", "--no-sync", "-E", "UTF8"]
        subprocess.run(setup, check=True, stdout=subprocess.DEVNULL, cwd=directory, **options)
        server = [program, "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(directory)]
        settings = ["-c", "max_connections=200"]
        if not durable:
            settings += ["-c", "fsync=off", "-c", "full_page_writes=off"]
        log = (directory / "log").open("w")
        process = subprocess.Popen([*server, *settings], stdout=log, stderr=log, cwd=directory, **options)
        try:
            _wait_for_port(port, process)
            yield _create_database(port)
        finally:
            process.send_signal(signal.SIGINT)  # ends at once, without waiting for clients
            process.wait()
            log.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _create_database(port: int) -> str:
    import psycopg

    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with psycopg.connect(f"postgresql://tests@127.0.0.1:{port}/postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE orchestrator")
            return f"postgresql://tests@127.0.0.1:{port}/orchestrator"
        except psycopg.OperationalError:  # it listens a moment before it answers
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _wait_for_port(port: int, process: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} did not start")


def _postgres_program(name: str) -> str | None:
    """Debian keeps the server's programs out of the path."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(installed[-1]) if installed else shutil.which(name)


def _unprivileged() -> pwd.struct_passwd | None:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def main(command: list[str]) -> int:
    """Run a command on PostgreSQL and Redis. `python -m tests.services COMMAND …`; exits as the command does."""
    if not (has_postgres() and has_redis()):
        print("left out: PostgreSQL or Redis is not installed, so the tests ran on SQLite and the embedded broker only")
        return 0
    with postgres() as database_url, redis() as redis_url:
        environment = {**os.environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
