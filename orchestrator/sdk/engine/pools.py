"""Where submitted tasks execute.

A task runner is what an author names on a flow; it opens one pool for each attempt of a flow run. A pool executes jobs
wherever it likes: threads of this process, processes, Celery workers, a Dask or Ray cluster.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from orchestrator.sdk.runners.jobs import Job

_here = threading.local()


@runtime_checkable
class TaskRunner(Protocol):
    """What `task_runner=` takes. It holds options alone, so that one may serve many flow runs at once."""

    def open(self) -> Pool:
        """A pool for one attempt of a flow run, or for the tasks that are submitted outside of flows."""
        ...


class Pool(Protocol):
    """Executes jobs. All of it may be called from any thread."""

    def expect(self) -> None:
        """Announce a job that will be put when what it depends on has ended."""

    def put(self, job: Job) -> None:
        """Execute an announced job as soon as there is room. After `drop` it is dropped instead."""

    def join(self) -> None:
        """Wait until every announced job is over."""

    def drop(self) -> None:
        """Begin nothing more; jobs that have not begun are dropped."""

    def join_begun(self) -> None:
        """After `drop`: wait for the jobs that had begun."""

    def stop_threads(self, error: type[BaseException]) -> None:
        """End what executes: by `error` where it can be raised, else from outside. It is not waited for."""


class HasRoom(Protocol):
    """A pool whose threads may wait for one another."""

    def one_aside(self) -> AbstractContextManager[None]:
        """Inside, this thread does not count."""
        ...


def belongs_to(pool: HasRoom) -> None:
    """This thread executes jobs of the pool."""
    _here.pool = pool


@contextmanager
def stepping_aside() -> Iterator[None]:
    """Around waiting for another run: inside a pool's thread, another thread may take the place meanwhile."""
    pool: HasRoom | None = getattr(_here, "pool", None)
    if pool is None:
        yield
        return
    with pool.one_aside():
        yield
