"""`concurrency(…)`: a limit that holds across all runs, on whatever machine they are.

The server counts the slots of a limit. Taken slots belong to a lease: a thread renews it while the block executes; when
this process dies, the lease ends and its slots are free again.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from orchestrator.sdk.both_ways import in_thread
from orchestrator.sdk.errors import SlotsTimeout, SlotsUnavailable
from orchestrator.sdk.events import Event
from orchestrator.sdk.limits.leases import Lease
from orchestrator.sdk.limits.slots import (
    ask_until_free,
    checked_names,
    checked_slots,
    client_for,
    run_as_holder,
    say_that_none_exist,
    tell,
)
from orchestrator.sdk.options.checks import checked_seconds, is_async

F = TypeVar("F", bound=Callable[..., Any])

SHORTEST_LEASE_SECONDS = 60.0
LONGEST_LEASE_SECONDS = 86_400.0


class concurrency:
    """Hold slots of concurrency limits while the block executes: `with`, `async with`, or `@concurrency(…)`.

    `names` is one limit or several; all of them give their slots, or none. `occupy` is how many slots of each.
    `timeout_seconds` None waits as long as it takes. `max_retries` None asks as often as it takes. A limit that does
    not exist, or is switched off, limits nothing; `strict` raises instead. `lease_duration` is in seconds, from 60 to
    86400: so long after the death of this process its slots may stay taken. `holder` says who has them, like
    `{"type": "task_run", "id": …}`; None is the run that calls.

    When the slots are lost while in use, because the server did not hear from here in time, the run goes on with a
    warning; with `strict`, or `raise_on_lease_renewal_failure`, LeaseLost is raised in the block. `create_if_missing`
    is accepted as older flows write it, and changes nothing: using a limit does not make it.

    Raises SlotsTimeout (a TimeoutError), SlotsUnavailable, ServerUnreachable. Without a server nothing is limited.
    """

    def __init__(
        self,
        names: str | Iterable[str],
        occupy: int = 1,
        timeout_seconds: float | None = None,
        max_retries: int | None = None,
        lease_duration: float = 300,
        strict: bool = False,
        holder: Mapping[str, Any] | None = None,
        suppress_warnings: bool = False,
        raise_on_lease_renewal_failure: bool | None = None,
        *,
        create_if_missing: bool | None = None,
    ) -> None:
        self._names = checked_names(names)
        self._occupy = checked_slots(occupy)
        self._timeout_seconds = checked_seconds(timeout_seconds, "timeout_seconds", without="to wait on")
        self._max_retries = max_retries
        self._lease_seconds = _checked_lease(lease_duration)
        self._strict = strict
        self._holder = holder
        self._quiet = suppress_warnings
        self._raises = strict if raise_on_lease_renewal_failure is None else raise_on_lease_renewal_failure
        # One object may be entered by several threads and asyncio tasks at a time, and by one of them again.
        self._taken: dict[tuple[int, int], list[_Taking]] = {}

    def __enter__(self) -> None:
        taking = _Taking()
        try:
            self._take(taking)
            taking.watch_thread()
            self._taken.setdefault(_user(), []).append(taking)
        except BaseException:  # a stop of the run comes at any moment
            taking.drop()
            raise

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self._leave().give_back(self._occupy)

    async def __aenter__(self) -> None:
        import asyncio

        taking = _Taking()

        def take() -> None:
            try:
                self._take(taking)
            finally:
                taking.ended.set()

        try:
            await in_thread(take)
        except asyncio.CancelledError:
            threading.Thread(target=taking.drop_when_ended, name="orchestrator-lease-drop", daemon=True).start()
            raise
        taking.watch_task()
        self._taken.setdefault(_user(), []).append(taking)

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        import asyncio

        taking = self._leave()
        # The slots are given back although the block was cancelled.
        await asyncio.shield(in_thread(taking.give_back, self._occupy))
        taking.raise_loss_instead_of(error)

    def __call__(self, function: F) -> F:
        """Hold the slots during each call of the function."""

        def again() -> concurrency:
            return concurrency(
                self._names,
                self._occupy,
                self._timeout_seconds,
                self._max_retries,
                self._lease_seconds,
                self._strict,
                self._holder,
                self._quiet,
                self._raises,
            )

        if is_async(function):

            @functools.wraps(function)
            async def limited_async(*args: Any, **kwargs: Any) -> Any:
                async with again():
                    return await function(*args, **kwargs)

            return limited_async  # type: ignore[return-value]

        @functools.wraps(function)
        def limited(*args: Any, **kwargs: Any) -> Any:
            with again():
                return function(*args, **kwargs)

        return limited  # type: ignore[return-value]

    def _take(self, taking: _Taking) -> None:
        client = client_for(self._names, strict=self._strict)
        if client is None or not self._names:
            return
        body = {
            "names": self._names,
            "slots": self._occupy,
            "mode": "concurrency",
            "lease_duration": self._lease_seconds,
        }
        holder = self._holder or run_as_holder()
        if holder is not None:
            body["holder"] = {name: str(value) for name, value in holder.items()}
        answer = ask_until_free(
            client,
            "/v2/concurrency_limits/increment-with-lease",
            body,
            timeout_seconds=self._timeout_seconds,
            max_retries=self._max_retries,
        )
        limits = answer.get("limits") or []
        if not limits:
            say_that_none_exist(self._names, strict=self._strict, quiet=self._quiet)
            return
        taking.limits = limits
        taking.lease = Lease(
            client, str(answer["lease_id"]), seconds=self._lease_seconds, raises=self._raises, quiet=self._quiet
        )
        taking.lease.keep()
        taking.acquired = tell("acquired", limits, self._occupy)

    def _leave(self) -> _Taking:
        user = _user()
        if user not in self._taken:  # a generator may be ended by another thread or task than began it
            user = next(reversed(self._taken))
        taking = self._taken[user].pop()
        if not self._taken[user]:
            del self._taken[user]
        return taking


class _Taking:
    """One entry into the block. Without a lease nothing is held."""

    def __init__(self) -> None:
        self.lease: Lease | None = None
        self.limits: list[dict[str, Any]] = []
        self.acquired: list[Event] = []
        self.ended = threading.Event()

    def watch_thread(self) -> None:
        if self.lease is not None:
            self.lease.watch_thread()

    def watch_task(self) -> None:
        if self.lease is not None:
            self.lease.watch_task()

    def give_back(self, slots: int) -> None:
        if self.lease is not None:
            self.lease.release()
            tell("released", self.limits, slots, self.acquired)

    def drop(self) -> None:
        if self.lease is not None:
            self.lease.release()

    def drop_when_ended(self) -> None:
        self.ended.wait()
        self.drop()

    def raise_loss_instead_of(self, error: BaseException | None) -> None:
        if self.lease is not None:
            self.lease.raise_loss_instead_of(error)


def _user() -> tuple[int, int]:
    """Who enters and leaves: this thread, and its asyncio task if it has one."""
    task = None
    if "asyncio" in sys.modules:
        import asyncio

        try:
            task = asyncio.current_task()
        except RuntimeError:  # no event loop runs
            task = None
    return threading.get_ident(), id(task)


aconcurrency = concurrency
# As tutorials of Prefect name them.
ConcurrencySlotAcquisitionError = SlotsUnavailable
AcquireConcurrencySlotTimeoutError = SlotsTimeout


def _checked_lease(seconds: Any) -> float:
    if not isinstance(seconds, (int, float)) or not SHORTEST_LEASE_SECONDS <= seconds <= LONGEST_LEASE_SECONDS:
        raise ValueError(f"lease_duration is {seconds!r}; seconds from 60 to 86400 are needed")
    return float(seconds)
