"""A line over a library that has futures of its own: a cluster of Dask or Ray."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.sdk.errors import TaskNotSendable

if TYPE_CHECKING:
    from orchestrator.sdk.runners.remote import RemotePool


class Cluster(Protocol):
    """What a library is asked for. Errors of its own mean that the process that executed a run was lost."""

    def submit(self, parcel: bytes, ended: Callable[[Callable[[], bytes]], None]) -> Any:
        """Let the parcel be executed; `ended` is called, from any thread, with a function that gives the reply."""

    def cancel(self, handle: Any) -> None: ...

    def close(self) -> None: ...


class ClusterLine:
    """Opens the cluster with the first run, and closes it when nothing is under way."""

    def __init__(self, pool: RemotePool, connect: Callable[[], Cluster]) -> None:
        self._pool = pool
        self._connect = connect
        self._lock = threading.RLock()
        self._cluster: Cluster | None = None
        self._handles: dict[str, Any] = {}

    def send(self, key: str, attempt: int, parcel: bytes) -> None:
        with self._lock:
            if self._cluster is None:
                self._cluster = self._connect()
            cluster = self._cluster
            self._handles[key] = None  # it may have ended before its handle is known
        try:
            handle = cluster.submit(parcel, lambda reply: self._ended(key, attempt, reply))
        except Exception as error:
            raise TaskNotSendable(f"The cluster does not take the task: {type(error).__name__}: {error}") from error
        with self._lock:
            if key in self._handles:
                self._handles[key] = handle

    def withdraw(self) -> Collection[str]:
        """Nothing: a cluster does not tell what has begun."""
        return ()

    def stop(self) -> None:
        with self._lock:
            handles, self._handles = list(self._handles.values()), {}
            cluster = self._cluster
        for handle in handles:
            if cluster is not None and handle is not None:
                with suppress(Exception):
                    cluster.cancel(handle)

    def close(self) -> None:
        with self._lock:
            cluster, self._cluster = self._cluster, None
            self._handles.clear()
        if cluster is not None:
            cluster.close()

    def _ended(self, key: str, attempt: int, reply: Callable[[], bytes]) -> None:
        with self._lock:
            self._handles.pop(key, None)
        try:
            packed = reply()
        except Exception as error:  # noqa: BLE001 - each library has errors of its own
            self._pool.lost(key, attempt, f"The process that executed the task was lost: {error}")
            return
        self._pool.arrived(key, packed)
