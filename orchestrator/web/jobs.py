"""Calls that the event loop waits for and threads make."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

logger = logging.getLogger(__name__)
MayShare = Callable[..., bool]  # asked with the arguments of a call


class Job:
    """One call, and the future on the event loop that waits for it."""

    __slots__ = ("arguments", "begun", "function", "future", "loop", "may_share", "outcome")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        may_share: MayShare | None,
    ) -> None:
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.function = function
        self.arguments = arguments
        self.may_share = may_share
        self.begun = False
        self.outcome: tuple[Any, BaseException | None] = None, None  # what came of it, before it is handed over

    def run(self) -> None:
        self.work()
        hand_over([self])

    def work(self) -> None:
        """Begin it, unless nobody waits any more."""
        if self.future.done():
            return
        self.begun = True
        try:
            self.outcome = self.function(*self.arguments), None
        except BaseException as raised:  # noqa: BLE001  the waiting side raises it again
            self.outcome = None, raised

    def shares(self) -> bool:
        """Whether it may share a transaction with others."""
        return self.may_share is not None and self.may_share(*self.arguments)

    def drop(self, reason: Exception) -> None:
        """Not to be begun any more: whoever waits is told why. Too late for what a thread has taken up."""
        if not (self.begun or self.future.done()):
            self.future.set_exception(reason)

    def deliver(self) -> None:
        """To whoever waits. On the event loop."""
        result, error = self.outcome
        if self.future.done():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


def hand_over(jobs: Sequence[Job]) -> None:
    """To whoever waits for these, which belong to one event loop, all at once. In whatever thread."""
    try:
        jobs[0].loop.call_soon_threadsafe(_deliver_all, jobs)
    except RuntimeError:
        logger.debug("The event loop ended before an answer could be handed over.")


def _deliver_all(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.deliver()
