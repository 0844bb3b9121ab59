"""What kind of code calls: a function may give an awaitable where its caller can await."""

from __future__ import annotations

from types import FrameType

from orchestrator.sdk.context import current_flow_run, current_task_run

_ASYNC_CODE = 0x80 | 0x200  # CO_COROUTINE, CO_ASYNC_GENERATOR
_PARTS_OF_A_FUNCTION = frozenset({"<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>"})


def is_async_code(frame: FrameType | None) -> bool:
    """Whether the code of this frame is that of an `async def`, or a comprehension in one."""
    while frame is not None and frame.f_code.co_name in _PARTS_OF_A_FUNCTION:
        if frame.f_code.co_flags & _ASYNC_CODE:
            return True
        frame = frame.f_back
    return frame is not None and bool(frame.f_code.co_flags & _ASYNC_CODE)


def is_awaited(frame: FrameType) -> bool:
    """Whether what is called in this frame right now stands directly behind `await`."""
    if not frame.f_code.co_flags & _ASYNC_CODE:
        return False
    from opcode import opmap

    instructions = frame.f_code.co_code
    following = frame.f_lasti + 2
    while following < len(instructions) and instructions[following] == opmap["CACHE"]:
        following += 2
    return following < len(instructions) and instructions[following] == opmap["GET_AWAITABLE"]


def expects_awaitable(frame: FrameType) -> bool:
    """Whether the code of this frame is async and means to await what it calls, now or later.

    Where the innermost run is that of a sync function, with an event loop of its own, only who awaits at once does.
    """
    return is_async_code(frame) and (is_awaited(frame) or not _in_sync_run())


def _in_sync_run() -> bool:
    task_run, flow_run = current_task_run.get(), current_flow_run.get()
    if task_run is not None:
        return not task_run.task.is_async
    return flow_run is not None and not flow_run.flow.is_async
