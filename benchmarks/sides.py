"""The two that are measured: their interpreters, and how scripts reach their servers."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINS = Path(__file__).with_name("prefect.txt")
PREFECT_PYTHON = "BENCH_PREFECT_PYTHON"  # an interpreter that has Prefect already; else an environment is made

PASSWORD = "bench:marks"  # both servers ask for it


class CannotMeasure(Exception):
    """A side is not there: its environment could not be made, or its server does not start."""


@dataclass(frozen=True)
class Side:
    """`library` is what scripts import; `environment` is theirs.

    `home`, `api_url` and `server_pid` are None until its server runs. `server_pid` is the process that was started;
    what serves may be its children.
    """

    name: str
    library: str
    python: str
    environment: dict[str, str] = field(default_factory=dict)
    home: Path | None = None
    api_url: str | None = None
    server_pid: int | None = None

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

    def ask(self, path: str, body: Any = None, *, method: str | None = None) -> Any:
        """What its API answers to a GET, or to a POST of `body`, or to `method`. Raises OSError."""
        request = urllib.request.Request(
            f"{self.api_url}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": authorization()},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")


def authorization() -> str:
    """The header that both servers want to see."""
    return f"Basic {base64.b64encode(PASSWORD.encode()).decode()}"


def ours() -> Side:
    return Side("ours", "orchestrator", sys.executable, {**_neutral(), "PYTHONPATH": str(ROOT)})


def prefect() -> Side:
    """Raises CannotMeasure when its environment cannot be made, for example because there is no network."""
    python = os.environ.get(PREFECT_PYTHON, "").strip() or str(_made_environment(ROOT / ".venv-bench" / "prefect"))
    return Side("prefect", "prefect", python, _neutral())


def _neutral() -> dict[str, str]:
    """This environment without what either side would take as a setting, or what keeps Python from compiling once."""
    foreign = ("ORCHESTRATOR_", "PREFECT_", "DJANGO_", "DATABASE_URL", "REDIS_URL", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


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
