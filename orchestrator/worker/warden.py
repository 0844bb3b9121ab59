"""The worker's own eye on its runs: what does not end when it should loses its processes.

Each run has a keeper, a thread inside the process that executes it. Code that blocks the interpreter blocks the keeper
too, so the worker looks from outside.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from celery.worker.state import active_requests

from orchestrator.contract.states import StateType
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import OrchestratorError
from orchestrator.worker.ending import Ending, end_run
from orchestrator.worker.settings import WorkerSettings

LOOK_SECONDS = 2.0
# A process that goes on for so long after its claim ended does not hear its keeper, which would have ended it.
GONE_SECONDS = 60.0

_log = logging.getLogger("orchestrator.worker")


class Warden:
    """Looks every LOOK_SECONDS while something runs, with one question to the server for all runs."""

    def __init__(self, client: Client, settings: WorkerSettings) -> None:
        self._client = client
        self._settings = settings
        self._stopped = threading.Event()
        self._endings: dict[tuple[str, int], Ending] = {}  # by run and process
        self._unheld_since: dict[tuple[str, int], float] = {}

    def start(self) -> None:
        threading.Thread(target=self._look_again_and_again, name="warden-of-runs", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def look(self, running: Iterable[tuple[str, int]]) -> None:
        """Once. `running`: the runs that are under way in this worker, each with the process that executes it."""
        present = set(running)
        self._endings = {key: ending for key, ending in self._endings.items() if key in present}
        self._unheld_since = {key: since for key, since in self._unheld_since.items() if key in present}
        if not present:
            return
        try:
            held = self._held()
        except OrchestratorError:
            held = None  # nobody can say what is to end; what is known to goes on
        for key in present:
            if held is not None:
                self._note(key, held.get(key[0]))
            ending = self._endings.get(key)
            if ending is not None and ending.is_due and not ending.begun:
                ending.begun = True
                threading.Thread(target=_end, args=(self._client, ending), name="ends-run", daemon=True).start()

    def _note(self, key: tuple[str, int], claim: dict[str, Any] | None) -> None:
        if claim is not None:
            self._unheld_since.pop(key, None)
            if claim["state_type"] == StateType.CANCELLING and key not in self._endings:
                self._endings[key] = Ending.of_cancelled_run(self._client, self._settings, claim, process_id=key[1])
            return
        since = self._unheld_since.setdefault(key, time.monotonic())
        if key not in self._endings and time.monotonic() - since > GONE_SECONDS:
            self._endings[key] = Ending.of_lost_run(self._settings, flow_run_id=key[0], process_id=key[1])

    def _held(self) -> dict[str, dict[str, Any]]:
        path = f"/work_pools/{quote(self._settings.pool, safe='')}/claims/held"
        answer = self._client.ask("POST", path, {"worker_name": self._settings.name}, patience_seconds=0)
        return {claim["flow_run_id"]: claim for claim in answer}

    def _look_again_and_again(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            try:
                self.look(_running())
            except Exception:  # noqa: BLE001 - whatever went wrong
                # The next look may do better; without any, what blocks would block for ever.
                _log.exception("The runs of this worker could not be looked at")


def _end(client: Client, ending: Ending) -> None:
    """Time went by since the worker was looked at. A process that has another run by now is left alone."""
    if (ending.flow_run_id, ending.process_id) in _running():
        end_run(client, ending)


def _running(requests: Callable[[], Iterable[Any]] = lambda: active_requests) -> list[tuple[str, int]]:
    found = []
    for request in list(requests()):
        run_id = (request.kwargs or {}).get("flow_run_id")
        if run_id and request.worker_pid:
            found.append((str(run_id), int(request.worker_pid)))
    return found
