"""Task runners as Prefect 2 calls them."""

from __future__ import annotations

from orchestrator.sdk.runners.threads import ThreadPoolTaskRunner

ConcurrentTaskRunner = ThreadPoolTaskRunner


class SequentialTaskRunner(ThreadPoolTaskRunner):
    """Execute submitted tasks one at a time, in the order in which they can begin, in one thread."""

    def __init__(self) -> None:
        super().__init__(max_workers=1)

    def __repr__(self) -> str:
        return "SequentialTaskRunner()"
