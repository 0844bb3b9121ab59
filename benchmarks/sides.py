"""The two that are measured: their interpreters, their servers, and how scripts reach these.

Both ask for a password, both have their whole rules, and both keep their data in SQLite, in a directory that is gone
afterwards. Neither has workers here: the rows that are measured now execute in the script's own process.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINS = Path(__file__).with_name("prefect.txt")
PREFECT_PYTHON = "BENCH_PREFECT_PYTHON"  # an interpreter that has Prefect already; else an environment is made

_PASSWORD = "bench:marks"
_START_SECONDS = 120.0
_STOP_SECONDS = 20.0


class CannotMeasure(Exception):
    """A side is not there: its environment could not be made, or its server does not start."""


@dataclass(frozen=True)
class Side:
    """`library` is what scripts import; `environment` is theirs; `api_url` is None until its server runs."""

    name: str
    library: str
    python: str
    environment: dict[str, str] = field(default_factory=dict)
    api_url: str | None = None

    def run(self, *arguments: str, timeout_seconds: float = 900.0) -> str:
        """What a script of this side prints. Raises CannotMeasure when it fails."""
        done = subprocess.run(
            [self.python, *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
        if done.returncode:
            raise CannotMeasure(
                f"{self.name}: {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-3000:]}"
            )
        return done.stdout

    def ask(self, path: str, body: Any = None) -> Any:
        """What its API answers. Raises OSError."""
        request = urllib.request.Request(
            f"{self.api_url}{path}",
            None if body is None else json.dumps(body).encode(),
            {
                "Content-Type": "application/json",
                "Authorization": f"Basic {base64.b64encode(_PASSWORD.encode()).decode()}",
            },
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")


def ours() -> Side:
    return Side("ours", "orchestrator", sys.executable, {**_neutral(), "PYTHONPATH": str(ROOT)})


def prefect() -> Side:
    """Raises CannotMeasure when its environment cannot be made, for example because there is no network."""
    python = os.environ.get(PREFECT_PYTHON, "").strip() or str(_made_environment(ROOT / ".venv-bench" / "prefect"))
    return Side("prefect", "prefect", python, _neutral())


@contextmanager
def served(*sides: Side) -> Iterator[list[Side]]:
    """The same sides, each with a server of its own."""
    with ExitStack() as stack:
        yield [stack.enter_context(_served(side)) for side in sides]


@contextmanager
def _served(side: Side) -> Iterator[Side]:
    with tempfile.TemporaryDirectory(prefix=f"bench-{side.name}-") as home:
        port = _free_port()
        url = f"http://127.0.0.1:{port}/api"
        server, client = (_our_settings if side.name == "ours" else _prefects_settings)(home, url)
        command = [side.python, "-m", side.library, "server", "start", "--port", str(port)]
        command += ["--no-worker"] if side.name == "ours" else ["--host", "127.0.0.1"]
        started = Side(side.name, side.library, side.python, {**side.environment, **client}, url)
        with (Path(home) / "server.log").open("w+") as log:
            environment = {**side.environment, **server}
            process = subprocess.Popen(
                command, env=environment, cwd=home, stdout=log, stderr=log, start_new_session=True
            )
            try:
                _wait_until_it_answers(started, process, log)
                yield started
            finally:
                _stop(process)


def _our_settings(home: str, url: str) -> tuple[dict[str, str], dict[str, str]]:
    both = {"ORCHESTRATOR_HOME": home, "ORCHESTRATOR_API_AUTH_STRING": _PASSWORD}
    return both, {**both, "ORCHESTRATOR_API_URL": url}


def _prefects_settings(home: str, url: str) -> tuple[dict[str, str], dict[str, str]]:
    both = {"PREFECT_HOME": home, "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    server = {
        **both,
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home}/prefect.db",
        "PREFECT_SERVER_API_AUTH_STRING": _PASSWORD,
    }
    return server, {**both, "PREFECT_API_URL": url, "PREFECT_API_AUTH_STRING": _PASSWORD}


def _neutral() -> dict[str, str]:
    """This environment without what either side would take as a setting."""
    foreign = ("ORCHESTRATOR_", "PREFECT_", "DJANGO_", "DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def _wait_until_it_answers(side: Side, process: subprocess.Popen[bytes], log: Any) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            side.ask("/health")
        except (OSError, ValueError):
            time.sleep(0.2)
        else:
            return
    log.seek(0)
    raise CannotMeasure(f"The server of {side.name} does not start:\n{log.read()[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _made_environment(directory: Path) -> Path:
    directory.parent.mkdir(exist_ok=True)
    python, stamp = directory / "bin" / "python", directory / "stamp"
    wanted = hashlib.sha256(PINS.read_bytes() + sys.version.encode()).hexdigest()
    with (directory.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            for command in (
                [sys.executable, "-m", "venv", "--clear", str(directory)],
                [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(PINS)],
            ):
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise CannotMeasure(f"Prefect cannot be installed: {done.stderr[-2000:]}")
            stamp.write_text(wanted)
    return python
