"""Where the tasks of a flow execute, as Prefect 1 calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.sdk.runners.earlier_names import SequentialTaskRunner
from orchestrator.sdk.runners.processes import ProcessPoolTaskRunner
from orchestrator.sdk.runners.threads import ThreadPoolTaskRunner

LocalExecutor = SequentialTaskRunner


def LocalDaskExecutor(
    scheduler: str = "threads", *, num_workers: int | None = None
) -> ThreadPoolTaskRunner | ProcessPoolTaskRunner | SequentialTaskRunner:
    """Threads, processes or, with "synchronous", one after the other, on this machine. Dask itself is not needed.

    `num_workers` is how many at once; None takes the default of the task runner. Raises ValueError for another
    scheduler.
    """
    known = {"threads": ThreadPoolTaskRunner, "threading": ThreadPoolTaskRunner}
    processes = {"processes": ProcessPoolTaskRunner, "multiprocessing": ProcessPoolTaskRunner}
    make: Callable[..., Any] | None = {**known, **processes}.get(scheduler)
    if make is not None:
        runner: ThreadPoolTaskRunner | ProcessPoolTaskRunner = make(num_workers)
        return runner
    if scheduler in ("synchronous", "sync", "single-threaded"):
        return SequentialTaskRunner()
    raise ValueError(f"scheduler is {scheduler!r}; use 'threads', 'processes' or 'synchronous'")


def DaskExecutor(
    address: str | None = None,
    cluster_class: Any = None,
    cluster_kwargs: dict[str, Any] | None = None,
    adapt_kwargs: dict[str, Any] | None = None,
    client_kwargs: dict[str, Any] | None = None,
) -> Any:
    """A Dask cluster: the one at `address`, else one that is made for each run; the same as DaskTaskRunner."""
    from orchestrator.sdk.runners.dask_cluster import DaskTaskRunner

    given = {
        "address": address,
        "cluster_class": cluster_class,
        "cluster_kwargs": cluster_kwargs,
        "adapt_kwargs": adapt_kwargs,
        "client_kwargs": client_kwargs,
    }
    return DaskTaskRunner(**{name: value for name, value in given.items() if value is not None})
