"""What a worker needs to know, from the command line and the environment."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.broker.queues import queue_of_pool, queue_of_work_queue, queue_of_worker
from orchestrator.sdk.configuration import settings as client_settings
from orchestrator.sdk.errors import SettingError

DEFAULT_API_URL = "http://127.0.0.1:4200/api"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Where a worker gets its work, and how it calls itself."""

    pool: str
    name: str
    concurrency: int  # runs at once; with `autoscale` at most
    broker_url: str
    api_url: str
    home: Path  # run directories are made below it
    work_queues: tuple[str, ...] = ()  # the only queues whose runs it executes; empty: all of the pool
    autoscale: tuple[int, int] | None = None  # most and least processes
    drain_seconds: float | None = None  # how long running flows may go on after SIGTERM; None: until they end
    probe_seconds: float = 10.0  # how often it looks whether messages from the broker reach it
    celery: Mapping[str, Any] = field(default_factory=dict)  # more options of Celery's worker, checked already
    serves: tuple[str, ...] = ()  # files and modules whose background tasks it executes
    task_processes: int = 0  # submitted tasks at once, in processes of their own

    @property
    def queues(self) -> list[str]:
        """The broker's queues on which it listens; its own comes first."""
        own = queue_of_worker(self.pool, self.name)
        if not self.work_queues:
            return [own, queue_of_pool(self.pool)]
        return [own, *(queue_of_work_queue(self.pool, name) for name in self.work_queues)]


def worker_settings(
    *,
    pool: str,
    name: str | None = None,
    concurrency: int = 2,
    work_queues: Sequence[str] = (),
    autoscale: tuple[int, int] | None = None,
    drain_seconds: float | None = None,
    celery: Mapping[str, Any] | None = None,
    task_processes: int | None = None,
    serves: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> WorkerSettings:
    """Fill in what the command line left open: from the environment, else the defaults of one machine.

    `task_processes` None: as many as runs at once.
    Raises SettingError.
    """
    home = Path(environ.get("ORCHESTRATOR_HOME") or "~/.orchestrator").expanduser().resolve()
    return WorkerSettings(
        pool=pool,
        name=name or f"{socket.gethostname()}-{secrets.token_hex(2)}",
        concurrency=autoscale[0] if autoscale else concurrency,
        broker_url=environ.get("ORCHESTRATOR_BROKER_URL")
        or client_settings.broker_url()
        or f"sqlite+file://{home}/broker.db",
        api_url=(environ.get("ORCHESTRATOR_API_URL") or client_settings.api_url() or DEFAULT_API_URL).rstrip("/"),
        home=home,
        work_queues=tuple(dict.fromkeys(work_queues)),
        autoscale=autoscale,
        drain_seconds=drain_seconds,
        probe_seconds=_seconds(environ, "ORCHESTRATOR_PROBE_SECONDS", default=10.0),
        celery=dict(celery or {}),
        serves=tuple(dict.fromkeys(serves)),
        task_processes=(autoscale[0] if autoscale else concurrency) if task_processes is None else task_processes,
    )


def _seconds(environ: Mapping[str, str], name: str, *, default: float) -> float:
    text = environ.get(name, "").strip()
    try:
        seconds = float(text or default)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise SettingError(f"{name} is {text!r}; a number of seconds above 0 is needed")
    return seconds
