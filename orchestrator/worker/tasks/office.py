"""What a task worker needs to know, and its way to answer."""

from __future__ import annotations

import os
from typing import Any

from orchestrator.broker.letters import Poster
from orchestrator.broker.queues import queue_of_tasks, queue_of_worker
from orchestrator.broker.signing import signer_at
from orchestrator.sdk.configuration import settings as client_settings
from orchestrator.worker.settings import WorkerSettings

REPLY_SECONDS = 60.0  # how long a broker that is away is waited for with a reply


class Office:
    """What everything here needs: the key, the queues, and a way to answer. One for each process."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.settings = settings
        self.signer = signer_at(settings.home, key=client_settings.signing_key())
        self.queue = queue_of_tasks(settings.pool)
        self.own_queue = queue_of_worker(settings.pool, settings.name)
        self._poster: Poster | None = None
        self._made_in = 0

    def answer(self, queue: str, letter: dict[str, Any], *, patience_seconds: float = REPLY_SECONDS) -> None:
        self._poster_here().send(queue, letter, patience_seconds=patience_seconds)

    def is_awaited(self, queue: str) -> bool:
        """Whether the flow that waits for an answer there still does."""
        return self._poster_here().is_read(queue)

    def _poster_here(self) -> Poster:
        if self._poster is None or self._made_in != os.getpid():
            self._poster, self._made_in = Poster(self.settings.broker_url, self.signer), os.getpid()
        return self._poster


_offices: list[Office] = []


def set_office(office: Office) -> None:
    """Once, before the first process is forked."""
    _offices[:] = [office]


def office_here() -> Office:
    return _offices[0]
