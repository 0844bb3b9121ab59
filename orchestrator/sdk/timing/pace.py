"""How long the engine's own waiting takes: as long as it says, or, in the tests of authors, no time at all.

Only what the engine waits for by itself goes this way (delays before retries, looks at a paused run). An author's
`time.sleep` is the author's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_hurries: list[object] = []


@contextmanager
def hurried() -> Iterator[None]:
    """Inside, the engine waits for nothing, in every thread of this process."""
    mark = object()
    _hurries.append(mark)
    try:
        yield
    finally:
        _hurries.remove(mark)


def is_hurried() -> bool:
    return bool(_hurries)


def sleep(seconds: float) -> None:
    """Let time pass in this thread."""
    time.sleep(0 if _hurries else seconds)


async def sleep_async(seconds: float) -> None:
    """Let time pass in this asyncio task."""
    import asyncio

    await asyncio.sleep(0 if _hurries else seconds)
