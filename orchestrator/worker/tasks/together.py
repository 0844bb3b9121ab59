"""Several task runs that came in one message, in a warm process: one after the other, each answered before the next.

They were quick so far. If one takes long, the others shall not wait for it: they are given back before they begin, and
the flow sends each of them by itself.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from orchestrator.broker.submissions import parcel_of
from orchestrator.worker.tasks.executing import ABOUT, execute
from orchestrator.worker.tasks.office import Office

PATIENCE_SECONDS = 0.25  # after which what has not begun is given back


def execute_together(office: Office, submissions: list[dict[str, Any]], *, redelivered: bool, executes: bool) -> str:
    """Returns a word for the worker's log; raises nothing for what the tasks do.

    `executes`: when they came again, this worker was still executing what it had been given first.
    """
    if executes:
        return "executes"  # how each of them goes is told in its turn
    waiting = _Waiting(office, submissions)
    timer = threading.Timer(PATIENCE_SECONDS, waiting.give_back)
    timer.daemon = True
    one_each = "max_tasks_per_child" in office.settings.celery  # which counts messages
    timer.start()
    try:
        while (submission := waiting.next()) is not None:
            word = execute(office, submission, redelivered=redelivered)
            if word == "stopped" or one_each:
                waiting.give_back()
    finally:
        timer.cancel()
    return "executed"


class _Waiting:
    """What has not begun: two threads take from it, one to execute, one to give back."""

    def __init__(self, office: Office, submissions: list[dict[str, Any]]) -> None:
        self._office = office
        self._submissions = deque(submissions)
        self._lock = threading.Lock()

    def next(self) -> dict[str, Any] | None:
        with self._lock:
            return self._submissions.popleft() if self._submissions else None

    def give_back(self) -> None:
        with self._lock:
            rest = list(self._submissions)
            self._submissions.clear()
        for submission in rest:
            # Nobody is answered at the wish of one who has no key.
            if parcel_of(self._office.signer, self._office.queue, submission) is not None:
                about = {name: submission[name] for name in ABOUT}
                self._office.answer(submission["reply_to"], {"kind": "not begun", **about})
