"""Authors' functions that may be async or not, whatever the run is that calls them: hooks, conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class CallEither:
    """Call such a function; the answer is what it returns, or what its awaitable gives.

    In an event loop a coroutine function is awaited there, and another gets a thread.
    """

    __slots__ = ("_arguments", "_function")

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._function = function
        self._arguments = arguments

    def perform(self) -> Any:
        made = self._function(*self._arguments)
        return wait_for_awaitable(made) if hasattr(made, "__await__") else made

    async def perform_async(self) -> Any:
        import asyncio

        from orchestrator.sdk.options.checks import is_async

        if is_async(self._function):
            return await self._function(*self._arguments)
        made = await asyncio.to_thread(self._function, *self._arguments)
        return await made if hasattr(made, "__await__") else made


def wait_for_awaitable(awaitable: Any) -> Any:
    """What it gives. In another thread, because a running event loop must not be blocked by itself."""
    import asyncio
    import threading
    from contextvars import copy_context

    async def awaited() -> Any:
        return await awaitable

    answers: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(asyncio.run(awaited()))
        except BaseException as error:  # noqa: BLE001 - raised again below, in the caller's thread
            errors.append(error)

    context = copy_context()
    thread = threading.Thread(target=context.run, args=(run,), name="orchestrator-hook")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return answers[0]
