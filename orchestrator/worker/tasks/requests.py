"""What the worker tells flows of tasks that its processes execute: that they live, and that they are lost."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from billiard.exceptions import WorkerLostError
from celery.worker.request import Request
from celery.worker.state import active_requests

from orchestrator.broker.letters import Poster
from orchestrator.broker.submissions import submissions_in
from orchestrator.worker.losses import how_it_died
from orchestrator.worker.process_tree import kill_group_of
from orchestrator.worker.tasks.executing import ABOUT, sign_of_life
from orchestrator.worker.tasks.office import Office, office_here
from orchestrator.worker.tasks.seen import Seen

ALIVE_SECONDS = 2.0  # between two signs of life of what executes
_TOGETHER_SECONDS = 1.0  # by then, of several runs in one message, those that have not begun were given back

_log = logging.getLogger("orchestrator.worker")
_seen = Seen()


class TaskRequest(Request):
    """Submitted tasks on their way through this worker. Celery calls these methods in the worker, not in the child."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        signatures = [each.get("signature") for each in _submissions(self)]
        came_again = [_seen.comes_again(each) for each in signatures]  # from now on all of them did
        if any(came_again):
            self.delivery_info["redelivered"] = True  # what the broker itself says of that, nobody has signed
            # A broker that was away delivers again what this worker has not ended yet.
            self.delivery_info["executes"] = any(
                each.get("signature") in signatures for other in list(active_requests) for each in _submissions(other)
            )

    def on_failure(self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> None:
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        if isinstance(error, (WorkerLostError, SystemExit)):
            if isinstance(error, WorkerLostError) and self.worker_pid:
                kill_group_of(self.worker_pid, leader_lives=False)
            self._tell_lost(f"The process that executed the task died: {how_it_died(str(error))}.")
        super().on_failure(exc_info, send_failed_event=send_failed_event, return_ok=return_ok)

    def cancel(self, pool: Any, signal: Any = None, emit_retry: bool = True) -> None:
        """A cold stop of the worker kills the child. The tasks may begin elsewhere at once."""
        super().cancel(pool, signal=signal, emit_retry=False)
        if self.worker_pid:
            for told in _submissions(self):
                letter = {"kind": "handed back", **_about(told)}
                _log.warning("Task run %s is handed back: the worker stops before it has ended.", letter["key"])
                office_here().answer(str(told.get("reply_to")), letter, patience_seconds=2.0)

    def _tell_lost(self, reason: str) -> None:
        for queue, runs in _by_queue(_submissions(self)).items():
            _log.error("Task run %s: %s", " or ".join(str(run["key"]) for run in runs), reason)
            letter = {"kind": "lost", **runs[0]} if len(runs) == 1 else {"kind": "lost together", "runs": _told(runs)}
            office_here().answer(queue, {**letter, "reason": reason}, patience_seconds=2.0)


def tell_of_life(office: Office, ended: threading.Event) -> None:
    """Every flow that waits for something here hears regularly of what executes, and how many processes there are."""
    poster = Poster(office.settings.broker_url, office.signer)
    while not ended.wait(ALIVE_SECONDS):
        executing = [told for request in list(active_requests) for told in _that_execute(request)]
        for queue, runs in _by_queue(executing).items():
            poster.send(queue, sign_of_life(office, runs), patience_seconds=ALIVE_SECONDS)


def _that_execute(request: Request) -> list[dict[str, Any]]:
    """The runs of a message that are in a process. Of several it may be any, but soon only the one that takes long."""
    submissions = [each for each in _submissions(request) if "reply_to" in each] if request.worker_pid else []
    is_fresh = time.time() - (request.time_start or 0.0) < _TOGETHER_SECONDS
    return [] if len(submissions) > 1 and is_fresh else submissions


def _submissions(request: Request) -> list[dict[str, Any]]:
    return submissions_in(request.kwargs or {})


def _by_queue(submissions: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """What letters repeat of them, by where they are answered."""
    by_queue: dict[str, list[dict[str, Any]]] = {}
    for told in submissions:
        by_queue.setdefault(str(told.get("reply_to")), []).append(_about(told))
    return by_queue


def _about(told: dict[str, Any]) -> dict[str, Any]:
    return {name: told.get(name) for name in ABOUT}


def _told(runs: list[dict[str, Any]]) -> list[list[Any]]:
    return [[run[name] for name in ABOUT] for run in runs]
