"""Leases of concurrency slots: renewed by a thread while they are used, given back at the end."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from contextvars import copy_context
from typing import Any

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import ApiError, LeaseLost, ServerUnreachable
from orchestrator.sdk.recording.logs import logger_of_run

RENEWED_AT = 0.75  # of the lease's length
_AGAIN_AFTER_SECONDS = 1.0  # when the server did not take a renewal; doubled each time
_RELEASE_SECONDS = 10.0  # patience with a server that is away: the lease ends by itself later
_RELEASE_AT_EXIT_SECONDS = 0.5


class Lease:
    """Slots that are held. `keep` renews it until `release`; `raises` ends the block when it is lost, `quiet` logs that
    for the curious only."""

    def __init__(self, client: Client, lease_id: str, *, seconds: float, raises: bool, quiet: bool) -> None:
        self.id = lease_id
        self._client = client
        self._seconds = seconds
        self._raises = raises
        self._quiet = quiet
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._process_id = os.getpid()
        self._thread_id: int | None = None
        self._task: tuple[Any, Any] | None = None  # the event loop and the asyncio task that use the slots
        self._loss: LeaseLost | None = None

    def keep(self) -> None:
        """Renew it from now on, in a thread that sees the run of the caller."""
        _held.add(self)
        context = copy_context()
        name = f"orchestrator-lease-{self.id[:8]}"
        threading.Thread(target=context.run, args=(self._renew,), name=name, daemon=True).start()

    def watch_thread(self) -> None:
        """The thread that calls uses the slots: it hears of their loss."""
        with self._lock:
            self._thread_id = threading.get_ident()
        self._tell_early_loss()

    def watch_task(self) -> None:
        """The asyncio task that calls uses the slots."""
        import asyncio

        with self._lock:
            self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._tell_early_loss()

    def release(self, *, patience_seconds: float = _RELEASE_SECONDS) -> None:
        """Give the slots back, once. A server that is away frees them when the lease ends."""
        with self._lock:
            released = self._over.is_set()
            self._over.set()
        _held.discard(self)
        if released or os.getpid() != self._process_id or self._loss is not None:
            return
        try:
            body = {"lease_id": self.id}
            path = "/v2/concurrency_limits/decrement-with-lease"
            self._client.send("POST", path, body, patience_seconds=patience_seconds)
        except (ApiError, ServerUnreachable) as error:
            logger_of_run().warning(f"Slots were not given back, and are free in {self._seconds:g} seconds: {error}")

    def raise_loss_instead_of(self, error: BaseException | None) -> None:
        """LeaseLost in the place of the cancellation that was its messenger; otherwise nothing."""
        import asyncio

        if self._loss is None or not isinstance(error, asyncio.CancelledError) or not self._raises:
            return
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            task.uncancel()
        raise self._loss from None

    def _renew(self) -> None:
        deadline = time.monotonic() + self._seconds
        while not self._over.wait(self._seconds * RENEWED_AT):
            trouble = self._renewed_before(deadline)
            if trouble is not None:
                self._lost(trouble)
                return
            deadline = time.monotonic() + self._seconds

    def _renewed_before(self, deadline: float) -> Exception | None:
        """Renew it, trying again until the lease must have ended. Returns what made that impossible, or None."""
        pause = _AGAIN_AFTER_SECONDS
        path = f"/v2/concurrency_limits/leases/{self.id}/renew"
        while True:
            try:
                self._client.send("POST", path, {"lease_duration": self._seconds}, patience_seconds=0)
            except (ApiError, ServerUnreachable) as error:
                gone = isinstance(error, ApiError) and error.status in {404, 410}
                if gone or time.monotonic() + pause > deadline:
                    return None if self._over.is_set() else error
            else:
                return None
            if self._over.wait(pause):
                return None
            pause *= 2

    def _lost(self, trouble: Exception) -> None:
        with self._lock:
            if self._over.is_set():
                return
            self._loss = LeaseLost(f"The slots of a concurrency limit were lost while they were in use: {trouble}")
            self._end_the_block()
        text = f"Slots of a concurrency limit are no longer reserved for this run: {trouble}"
        log = logger_of_run()
        log.log(logging.ERROR if self._raises else logging.DEBUG if self._quiet else logging.WARNING, text)

    def _tell_early_loss(self) -> None:
        with self._lock:
            if self._loss is not None:
                self._end_the_block()

    def _end_the_block(self) -> None:
        if not self._raises:
            return
        if self._thread_id is not None:
            from orchestrator.sdk.timing.time_limits import raise_in_thread

            raise_in_thread(self._thread_id, LeaseLost)
        elif self._task is not None:
            loop, task = self._task
            try:
                loop.call_soon_threadsafe(task.cancel)
            except RuntimeError:  # the loop is closed: nobody uses the slots any more
                return


_held: set[Lease] = set()


def _release_all() -> None:
    for lease in list(_held):
        lease.release(patience_seconds=_RELEASE_AT_EXIT_SECONDS)


atexit.register(_release_all)
