"""Opening the pool of a flow run: where its task runner says, or, in the tests of authors, in threads right here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.sdk.engine.pools import Pool, TaskRunner
from orchestrator.sdk.runners.threads import ThreadPoolTaskRunner

_in_threads: list[object] = []


@contextmanager
def all_in_threads() -> Iterator[None]:
    """Inside, submitted tasks execute in threads of this process, whatever task runner their flow names."""
    mark = object()
    _in_threads.append(mark)
    try:
        yield
    finally:
        _in_threads.remove(mark)


def open_pool(runner: TaskRunner) -> Pool:
    """A pool for one attempt of a flow run."""
    if _in_threads and not isinstance(runner, ThreadPoolTaskRunner):
        return ThreadPoolTaskRunner().open()
    return runner.open()
