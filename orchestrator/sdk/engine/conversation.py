"""The engine's two drivers. What a run does is written once, as a generator that yields requests; a driver grants them.

A request knows how to be granted by a thread that may block (`perform`) and by an event loop that may not
(`perform_async`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.sdk.timing import pace

if TYPE_CHECKING:
    from orchestrator.sdk.dependencies.futures import TaskFuture


class Request(Protocol):
    def perform(self) -> Any: ...

    async def perform_async(self) -> Any: ...


Conversation = Generator[Request, Any, Any]


class Block:
    """Call something of ours that may block: the API, a pool that is to be empty."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call

    def perform(self) -> Any:
        return self._call()

    async def perform_async(self) -> Any:
        import asyncio

        return await asyncio.to_thread(self._call)


class Sleep:
    """Let time pass, in seconds."""

    __slots__ = ("_seconds",)

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def perform(self) -> None:
        pace.sleep(self._seconds)

    async def perform_async(self) -> None:
        await pace.sleep_async(self._seconds)


class WaitFor:
    """Wait until these task runs have ended, however they ended."""

    __slots__ = ("_futures",)

    def __init__(self, futures: Iterable[TaskFuture[Any]]) -> None:
        self._futures = list(futures)

    def perform(self) -> None:
        for future in self._futures:
            future.wait()

    async def perform_async(self) -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        for future in self._futures:
            ended = asyncio.Event()
            future.add_done_callback(_setter(loop, ended))
            await ended.wait()


def _setter(loop: Any, ended: Any) -> Callable[[Any], None]:
    def set_in_loop(_: Any) -> None:
        loop.call_soon_threadsafe(ended.set)

    return set_in_loop


class CallUser:
    """Call the author's function; the answer is what it returns, and what it raises is raised in the conversation.

    `timeout_seconds` None lets it take its time; else `timed_out()` is raised when it takes longer, and whatever it
    still does is no longer waited for.
    """

    __slots__ = ("_arguments", "_function", "_keywords", "_timed_out", "_timeout_seconds")

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
        *,
        timeout_seconds: float | None,
        timed_out: Callable[[], BaseException],
    ) -> None:
        self._function = function
        self._arguments = arguments
        self._keywords = keywords
        self._timeout_seconds = timeout_seconds
        self._timed_out = timed_out

    def perform(self) -> Any:
        if self._timeout_seconds is None:
            return self._function(*self._arguments, **self._keywords)
        from orchestrator.sdk.timing.time_limits import call_within

        call = lambda: self._function(*self._arguments, **self._keywords)  # noqa: E731
        return call_within(call, seconds=self._timeout_seconds, timed_out=self._timed_out)

    async def perform_async(self) -> Any:
        made = self._function(*self._arguments, **self._keywords)
        if self._timeout_seconds is None:
            return await made
        from orchestrator.sdk.timing.time_limits import await_within

        return await await_within(made, seconds=self._timeout_seconds, timed_out=self._timed_out)


def drive(conversation: Conversation) -> Any:
    """Hold the conversation in this thread and return what it comes to."""
    answer: Any = None
    error: BaseException | None = None
    while True:
        try:
            request = conversation.send(answer) if error is None else conversation.throw(error)
        except StopIteration as end:
            return end.value
        answer = error = None
        try:
            answer = request.perform()
        except BaseException as raised:  # noqa: BLE001 - the conversation decides what every error means
            error = raised


async def drive_async(conversation: Conversation) -> Any:
    """Hold the conversation in this asyncio task and return what it comes to."""
    answer: Any = None
    error: BaseException | None = None
    while True:
        try:
            request = conversation.send(answer) if error is None else conversation.throw(error)
        except StopIteration as end:
            return end.value
        answer = error = None
        try:
            answer = await request.perform_async()
        except BaseException as raised:  # noqa: BLE001 - as above
            error = raised
