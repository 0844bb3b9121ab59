"""Telling the server that this worker exists, and goes on existing."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from orchestrator import __version__
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import ApiError, OrchestratorError, ServerUnreachable
from orchestrator.worker.settings import WorkerSettings

HEARTBEAT_SECONDS = 30.0
GOODBYE_PATIENCE_SECONDS = 2.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 15.0

_log = logging.getLogger("orchestrator.worker")


class RegistrationRefused(Exception):
    """The server does not want this worker; the message says what to do about it."""


def heartbeat(client: Client, settings: WorkerSettings, *, patience_seconds: float = 0, **news: Any) -> None:
    """Register or refresh once; `news` are further facts. Raises RegistrationRefused, or ServerUnreachable."""
    path = f"/work_pools/{quote(settings.pool, safe='')}/workers/heartbeat"
    body = {
        "name": settings.name,
        "heartbeat_interval_seconds": HEARTBEAT_SECONDS,
        "work_queue_names": list(settings.work_queues),
        "concurrency": settings.concurrency,
        "metadata": {"version": __version__, "host": socket.gethostname(), "process_id": os.getpid()},
        **news,
    }
    try:
        client.send("POST", path, body, patience_seconds=patience_seconds)
    except ApiError as error:
        if error.status == 404:
            raise RegistrationRefused(f"There is no work pool {settings.pool!r} on {settings.api_url}") from error
        if error.status in {401, 403}:
            raise RegistrationRefused(
                f"{settings.api_url} does not accept the credentials: set ORCHESTRATOR_API_KEY to a valid key"
            ) from error
        raise


class Heart:
    """Beats in a thread. A server that is away is asked again with growing pauses, and that is said once."""

    def __init__(
        self,
        client: Client,
        settings: WorkerSettings,
        *,
        on_refused: Callable[[str], None],
        news: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        """`news` tells at each beat what else there is to say."""
        self._client = client
        self._settings = settings
        self._on_refused = on_refused
        self._news = news
        self._stopped = threading.Event()
        self._soon = threading.Event()
        self._beating = threading.Lock()
        self._known = False
        self._away = False

    def start(self) -> None:
        threading.Thread(target=self._beat, name="heart-of-worker", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        self._soon.set()

    def beat_soon(self) -> None:
        """There are news that should not wait for the next beat."""
        self._soon.set()

    def leave(self) -> None:
        """Beat no more, and tell the server that this worker takes no more runs. It is not waited for."""
        if not self._stopped.is_set():
            self.stop()
            threading.Thread(target=self._say_goodbye, name="goodbye-of-worker").start()

    def _say_goodbye(self) -> None:
        try:
            with self._beating:  # a beat that is under way must not arrive after it
                heartbeat(self._client, self._settings, patience_seconds=GOODBYE_PATIENCE_SECONDS, leaving=True)
        except (RegistrationRefused, OrchestratorError) as error:
            _log.debug("The server could not be told that the worker leaves: %s", error)

    def _beat(self) -> None:
        pause = 0.0
        while not self._wait(pause):
            try:
                with self._beating:
                    if self._stopped.is_set():
                        return
                    heartbeat(self._client, self._settings, **self._news())
            except RegistrationRefused as refusal:
                if not self._known:
                    self._on_refused(str(refusal))
                    return
                _log.error("%s", refusal)
                pause = HEARTBEAT_SECONDS
            except (ServerUnreachable, ApiError) as error:
                if not self._away:
                    _log.warning("%s does not answer; the worker keeps trying. (%s)", self._settings.api_url, error)
                self._away = True
                pause = (
                    _FIRST_PAUSE_SECONDS
                    if pause in (0.0, HEARTBEAT_SECONDS)
                    else min(pause * 2, _LONGEST_PAUSE_SECONDS)
                )
            else:
                if not self._known or self._away:
                    self._log_start()
                self._known, self._away = True, False
                pause = HEARTBEAT_SECONDS

    def _wait(self, seconds: float) -> bool:
        """Until the next beat. True when there is none."""
        self._soon.wait(seconds)
        self._soon.clear()
        return self._stopped.is_set()

    def _log_start(self) -> None:
        settings = self._settings
        of = f"queues {', '.join(settings.work_queues)} of work pool" if settings.work_queues else "work pool"
        _log.info("Worker %r serves %s %r of %s", settings.name, of, settings.pool, settings.api_url)
