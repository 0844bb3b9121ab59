"""What a worker needs to know, from the command line and the environment."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_API_URL = "http://127.0.0.1:4200/api"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Where a worker gets its work, and how it calls itself."""

    pool: str
    name: str
    concurrency: int
    broker_url: str
    api_url: str
    home: Path  # run directories are made below it

    @property
    def queue(self) -> str:
        """The queue that carries the wake-ups of this worker's pool."""
        return f"pool.{self.pool}"


def worker_settings(
    *,
    pool: str,
    name: str | None = None,
    concurrency: int = 2,
    environ: Mapping[str, str] = os.environ,
) -> WorkerSettings:
    """Fill in what the command line left open: from the environment, else the defaults of one machine."""
    home = Path(environ.get("ORCHESTRATOR_HOME") or "~/.orchestrator").expanduser().resolve()
    return WorkerSettings(
        pool=pool,
        name=name or f"{socket.gethostname()}-{secrets.token_hex(2)}",
        concurrency=concurrency,
        broker_url=environ.get("ORCHESTRATOR_BROKER_URL") or f"sqlite+file://{home}/broker.db",
        api_url=(environ.get("ORCHESTRATOR_API_URL") or DEFAULT_API_URL).rstrip("/"),
        home=home,
    )
