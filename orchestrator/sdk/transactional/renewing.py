"""Locks that are held until their holder gives them back or dies: renewed meanwhile, by a thread for each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from orchestrator.sdk.errors import TransactionError

LEASE_SECONDS = 30.0  # after so long without a sign of life a lock is free again


class Renewals:
    """What is being renewed, each under a name."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, threading.Event] = {}

    def start(self, name: Hashable, renew: Callable[[], bool]) -> None:
        """Call `renew` again and again until it says False, or `stop`. A TransactionError is waited out: the next
        turn may come in time."""
        self.stop(name)
        over = self._under_way[name] = threading.Event()
        threading.Thread(target=_renew, args=(renew, over), name=f"lock {name}", daemon=True).start()

    def stop(self, name: Hashable) -> None:
        """Nothing happens when it is not renewed."""
        over = self._under_way.pop(name, None)
        if over is not None:
            over.set()


def _renew(renew: Callable[[], bool], over: threading.Event) -> None:
    while not over.wait(LEASE_SECONDS / 3):
        try:
            if not renew():
                return
        except TransactionError:
            continue
