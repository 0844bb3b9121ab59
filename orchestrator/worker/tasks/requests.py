"""What the worker tells flows of tasks that its processes execute: that they live, and that they are lost."""

from __future__ import annotations

import logging
import threading
from typing import Any

from billiard.exceptions import WorkerLostError
from celery.worker.request import Request
from celery.worker.state import active_requests

from orchestrator.broker.letters import Poster
from orchestrator.worker.losses import how_it_died
from orchestrator.worker.process_tree import kill_group_of
from orchestrator.worker.tasks.executing import ABOUT, sign_of_life
from orchestrator.worker.tasks.office import Office, office_here
from orchestrator.worker.tasks.seen import Seen

ALIVE_SECONDS = 2.0  # between two signs of life of what executes

_log = logging.getLogger("orchestrator.worker")
_seen = Seen()


class TaskRequest(Request):
    """A submitted task on its way through this worker. Celery calls these methods in the worker, not in the child."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        signature = (self.kwargs or {}).get("signature")
        if _seen.comes_again(signature):
            self.delivery_info["redelivered"] = True  # what the broker itself says of that, nobody has signed
            # A broker that was away delivers again what this worker has not ended yet.
            self.delivery_info["executes"] = any(
                (other.kwargs or {}).get("signature") == signature for other in list(active_requests)
            )

    def on_failure(self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> None:
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        if isinstance(error, (WorkerLostError, SystemExit)):
            if isinstance(error, WorkerLostError) and self.worker_pid:
                kill_group_of(self.worker_pid, leader_lives=False)
            self._tell_lost(f"The process that executed the task died: {how_it_died(str(error))}.")
        super().on_failure(exc_info, send_failed_event=send_failed_event, return_ok=return_ok)

    def cancel(self, pool: Any, signal: Any = None, emit_retry: bool = True) -> None:
        """A cold stop of the worker kills the child. The task may begin elsewhere at once."""
        super().cancel(pool, signal=signal, emit_retry=False)
        if self.worker_pid:
            told = self.kwargs or {}
            letter = {"kind": "handed back", **_about(told)}
            _log.warning("Task run %s is handed back: the worker stops before it has ended.", letter["key"])
            office_here().answer(str(told.get("reply_to")), letter, patience_seconds=2.0)

    def _tell_lost(self, reason: str) -> None:
        told = self.kwargs or {}
        letter = {"kind": "lost", **_about(told), "reason": reason}
        _log.error("Task run %s: %s", letter["key"], reason)
        office_here().answer(str(told.get("reply_to")), letter, patience_seconds=2.0)


def tell_of_life(office: Office, ended: threading.Event) -> None:
    """Every flow that waits for something here hears regularly of what executes, and how many processes there are."""
    poster = Poster(office.settings.broker_url, office.signer)
    while not ended.wait(ALIVE_SECONDS):
        by_queue: dict[str, list[dict[str, Any]]] = {}
        for request in list(active_requests):
            told = request.kwargs or {}
            if "reply_to" in told and request.worker_pid:
                by_queue.setdefault(str(told["reply_to"]), []).append(_about(told))
        for queue, runs in by_queue.items():
            poster.send(queue, sign_of_life(office, runs), patience_seconds=ALIVE_SECONDS)


def _about(told: dict[str, Any]) -> dict[str, Any]:
    return {name: told.get(name) for name in ABOUT}
