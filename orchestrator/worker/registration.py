"""Telling the server that this worker exists, and goes on existing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from urllib.parse import quote

from orchestrator.sdk.client import Client
from orchestrator.sdk.errors import ApiError, ServerUnreachable
from orchestrator.worker.settings import WorkerSettings

HEARTBEAT_SECONDS = 30.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 15.0

_log = logging.getLogger("orchestrator.worker")


class RegistrationRefused(Exception):
    """The server does not want this worker; the message says what to do about it."""


def heartbeat(client: Client, settings: WorkerSettings) -> None:
    """Register or refresh once. Raises RegistrationRefused, or ServerUnreachable."""
    path = f"/work_pools/{quote(settings.pool, safe='')}/workers/heartbeat"
    body = {"name": settings.name, "heartbeat_interval_seconds": HEARTBEAT_SECONDS}
    try:
        client.send("POST", path, body, patience_seconds=0)
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

    def __init__(self, client: Client, settings: WorkerSettings, *, on_refused: Callable[[str], None]) -> None:
        self._client = client
        self._settings = settings
        self._on_refused = on_refused
        self._stopped = threading.Event()
        self._known = False
        self._away = False

    def start(self) -> None:
        threading.Thread(target=self._beat, name="heart-of-worker", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _beat(self) -> None:
        pause = 0.0
        while not self._stopped.wait(pause):
            try:
                heartbeat(self._client, self._settings)
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

    def _log_start(self) -> None:
        settings = self._settings
        _log.info("Worker %r serves work pool %r of %s", settings.name, settings.pool, settings.api_url)
