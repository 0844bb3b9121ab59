"""Generator functions as runs: whoever iterates gets the items one at a time, and the run lasts until the last.

`consume` is the part of a conversation that executes such a function; it asks with `Give` for an item to be handed
over. The two drivers here can do that, besides all that the ordinary ones can.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from typing import Any, Protocol

from orchestrator.sdk.engine.conversation import CallUser, Conversation

GENERATOR_CODE = 0x20
ASYNC_GENERATOR_CODE = 0x200


class ConsumerLeft(BaseException):
    """The consumer wants no more. In the place of GeneratorExit, after which a conversation could ask for nothing."""


class Give:
    """Hand an item over; the answer is what the consumer sends, as to a generator."""

    __slots__ = ("item",)

    def __init__(self, item: Any) -> None:
        self.item = item

    def perform(self) -> Any:
        """Nobody takes the items: the function is executed to its end all the same."""

    async def perform_async(self) -> Any:
        """As above."""


class Consumed(Protocol):
    """What a flow and a task have in common here."""

    fn: Callable[..., Any]
    is_async: bool
    timeout_seconds: float | None


def is_generator(fn: Any) -> bool:
    """Whether calling it gives items one at a time: made by `def` or by `async def` with `yield`."""
    code = getattr(getattr(fn, "func", fn), "__code__", None)
    return bool(code is not None and code.co_flags & (GENERATOR_CODE | ASYNC_GENERATOR_CODE))


def consume(
    of: Consumed,
    arguments: tuple[Any, ...],
    keywords: dict[str, Any],
    *,
    inside: Callable[[], AbstractContextManager[None]],
    timed_out: Callable[[], BaseException],
    given: Callable[[Any], None],
) -> Conversation:
    """Execute the generator function of a flow or task; returns what it returns, None when the consumer stops early.

    `inside` makes the run the current one: only while its own code executes, so that what the consumer does with an
    item belongs to the consumer. So does the time it takes. `given` is told each item before it is handed over.
    """
    step, close = (_step_async, _close_async) if of.is_async else (_step, _close)
    left = of.timeout_seconds
    with inside():
        generator = of.fn(*arguments, **keywords)
    sent: Any = None
    thrown: BaseException | None = None
    while True:
        began = time.monotonic()
        with inside():
            over, item = yield CallUser(step, (generator, sent, thrown), {}, timeout_seconds=left, timed_out=timed_out)
        if over:
            return item
        if left is not None:
            left = max(0.001, left - (time.monotonic() - began))
        given(item)
        sent = thrown = None
        try:
            sent = yield Give(item)
        except ConsumerLeft:
            with inside():
                yield CallUser(close, (generator,), {}, timeout_seconds=left, timed_out=timed_out)
            return None
        except Exception as error:  # noqa: BLE001 - the consumer's `throw`: the author's function decides what it means
            thrown = error


def collect(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> list[Any]:
    """All the items of a generator function, where nobody takes them one at a time."""
    return list(function(*arguments, **keywords))


async def collect_async(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> list[Any]:
    return [item async for item in function(*arguments, **keywords)]


def drive_items(conversation: Conversation) -> Generator[Any, Any, Any]:
    """Hold the conversation in the consumer's thread; returns what it comes to."""
    answer: Any = None
    error: BaseException | None = None
    while True:
        try:
            request = conversation.send(answer) if error is None else conversation.throw(error)
        except StopIteration as end:
            return end.value
        answer = error = None
        try:
            answer = (yield request.item) if isinstance(request, Give) else request.perform()
        except GeneratorExit:
            error = ConsumerLeft()
        except BaseException as raised:  # noqa: BLE001 - the conversation decides what every error means
            error = raised


async def drive_items_async(conversation: Conversation, ended: Callable[[Any], Any]) -> AsyncGenerator[Any, Any]:
    """Hold the conversation in the consumer's asyncio task. `ended` is called with what it comes to, and may raise:
    an async generator returns nothing."""
    answer: Any = None
    error: BaseException | None = None
    while True:
        try:
            request = conversation.send(answer) if error is None else conversation.throw(error)
        except StopIteration as end:
            ended(end.value)
            return
        answer = error = None
        try:
            answer = (yield request.item) if isinstance(request, Give) else await request.perform_async()
        except GeneratorExit:
            error = ConsumerLeft()
        except BaseException as raised:  # noqa: BLE001 - as above
            error = raised


def _step(generator: Generator[Any, Any, Any], sent: Any, thrown: BaseException | None) -> tuple[bool, Any]:
    """Whether it is over, and the next item or what was returned."""
    try:
        return False, generator.throw(thrown) if thrown is not None else generator.send(sent)
    except StopIteration as end:
        return True, end.value


async def _step_async(generator: AsyncGenerator[Any, Any], sent: Any, thrown: BaseException | None) -> tuple[bool, Any]:
    try:
        return False, await (generator.athrow(thrown) if thrown is not None else generator.asend(sent))
    except StopAsyncIteration:
        return True, None


def _close(generator: Generator[Any, Any, Any]) -> None:
    generator.close()


async def _close_async(generator: AsyncGenerator[Any, Any]) -> None:
    await generator.aclose()
