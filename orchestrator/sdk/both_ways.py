"""Functions that authors call from sync and from async code, written once as plain blocking functions.

    @both_ways
    def pause(seconds: float) -> str: ...

    pause(1)                  # in sync code: blocks
    await pause(1)            # in async code: gives an awaitable
    apause = pause.aio        # always a coroutine function, for those who want no magic
    pause.sync(1)             # always blocks, and so does pause(1, _sync=True), as Prefect's scripts have it

Which of the two a plain call does:

* no event loop runs in this thread: it blocks;
* the calling code is itself async (`async def`, an async generator, a notebook cell with `await`): an awaitable;
* else the innermost run decides: inside an async flow or task an awaitable, also for a sync function that it calls;
  inside a sync one, or outside of runs, it blocks. So a sync flow blocks even in a notebook, whose loop runs.
  A function made by `both_ways(by_run=False)` passes this rule over: in sync code it always blocks.

The awaitable executes the function in a thread of its own, with the caller's context. Cancelling it stops the waiting;
the function ends where it next lets time pass, which these functions do by `timing.pace`.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from types import FrameType
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar, overload

from orchestrator.sdk.callers import is_async_code
from orchestrator.sdk.context import current_flow_run, current_task_run
from orchestrator.sdk.timing import pace

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

# The type of an async form in a class, whose first parameter is bound by its kind: `aget: ClassVar[Asynchronous[int]]`.
Asynchronous: TypeAlias = Callable[..., Coroutine[Any, Any, T]]


class BothWays(Generic[P, R]):
    """A function that blocks, or gives an awaitable where its caller can await. Made by `both_ways`.

    In a class it binds as the function would: methods, class methods and static methods.
    """

    def __init__(self, fn: Callable[P, R], *, bind: type | None = None, by_run: bool = True) -> None:
        self._fn = fn
        self._bind = bind
        self._by_run = by_run
        functools.update_wrapper(self, fn)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        sync = kwargs.pop("_sync", None)
        if sync or (sync is None and not caller_awaits(sys._getframe(1), by_run=self._by_run)):
            return self._fn(*args, **kwargs)
        waiting = in_thread(self._fn, *args, **kwargs)
        # So Python names the function when it warns that nobody has awaited this.
        waiting.__qualname__ = getattr(self._fn, "__qualname__", "both_ways")  # type: ignore[attr-defined]
        return waiting  # type: ignore[return-value]

    def __get__(self, instance: Any, owner: type | None = None) -> BothWays[..., R]:
        if self._bind is staticmethod:
            return self
        bound_to = owner if self._bind is classmethod else instance
        if bound_to is None:
            return self
        function: Callable[..., R] = self._fn
        bound: Callable[..., R] = functools.partial(function, bound_to)
        functools.update_wrapper(bound, self._fn)
        return BothWays(bound, bind=staticmethod, by_run=self._by_run)

    def __repr__(self) -> str:
        return f"<both ways {getattr(self._fn, '__qualname__', self._fn)}>"

    @property
    def sync(self) -> Callable[P, R]:
        """The function itself, which blocks wherever it is called: in async code it holds up the event loop."""
        return self._fn

    @property
    def aio(self) -> Callable[P, Coroutine[Any, Any, R]]:
        """The same as a coroutine function. In a class's body `aget = get.aio` makes a method of the same kind."""
        fn = self._fn

        async def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return await in_thread(fn, *args, **kwargs)

        functools.update_wrapper(call, fn)
        call.__name__ = f"a{getattr(fn, '__name__', 'call')}"
        if self._bind is classmethod:
            return classmethod(call)  # type: ignore[return-value, arg-type]
        return staticmethod(call) if self._bind is staticmethod else call


@overload
def both_ways(fn: Callable[P, R]) -> BothWays[P, R]: ...
@overload
def both_ways(*, by_run: bool) -> Callable[[Callable[P, R]], BothWays[P, R]]: ...
def both_ways(fn: Callable[..., Any] | None = None, *, by_run: bool = True) -> Any:
    """Offer a blocking function both ways. In a class, above `@classmethod` or `@staticmethod`.

    `by_run=False` is for functions whose answer nobody needs: a sync helper of an async flow would not await it.
    """
    if fn is None:
        return functools.partial(both_ways, by_run=by_run)
    if isinstance(fn, (classmethod, staticmethod)):
        return BothWays(fn.__func__, bind=type(fn), by_run=by_run)
    return BothWays(fn, by_run=by_run)


def caller_awaits(frame: FrameType | None, *, by_run: bool = True) -> bool:
    """Whether the code of this frame is in a position to await, by the rules above."""
    return _loop_runs() and (is_async_code(frame) or (by_run and in_async_run()))


def in_async_run() -> bool:
    """Whether the innermost run is that of an async function. False outside of runs."""
    task_run = current_task_run.get()
    if task_run is not None:
        return task_run.task.is_async
    flow_run = current_flow_run.get()
    return flow_run is not None and flow_run.flow.is_async


async def in_thread(fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Execute a blocking function in a thread of its own, with the caller's context.

    It is no thread of a pool: functions that wait for hours must not use up those that the others need.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    answer: asyncio.Future[R] = loop.create_future()
    context, given_up = copy_context(), threading.Event()
    context.run(pace.until_given_up, given_up)
    call = functools.partial(context.run, fn, *args, **kwargs)

    def execute() -> None:
        try:
            value = call()
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            _tell(loop, _fail, answer, error)
        else:
            _tell(loop, _settle, answer, value)

    threading.Thread(target=execute, name="orchestrator-both-ways", daemon=True).start()
    try:
        return await answer
    except asyncio.CancelledError:
        given_up.set()
        raise


def _loop_runs() -> bool:
    if "asyncio" not in sys.modules:
        return False
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _tell(loop: Any, settle: Callable[..., None], answer: Any, outcome: Any) -> None:
    try:
        loop.call_soon_threadsafe(settle, answer, outcome)
    except RuntimeError:  # the loop is closed: nobody waits any more
        return


def _settle(answer: Any, value: Any) -> None:
    if not answer.done():
        answer.set_result(value)


def _fail(answer: Any, error: BaseException) -> None:
    if not answer.done():
        answer.set_exception(error)
