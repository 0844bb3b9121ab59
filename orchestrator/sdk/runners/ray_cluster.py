"""Submitted tasks execute on a Ray cluster, through Ray's own library: `pip install "orchestrator[ray]"`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.sdk.errors import MissingExtra
from orchestrator.sdk.runners.abroad import execute_parcel
from orchestrator.sdk.runners.callbacks import ClusterLine
from orchestrator.sdk.runners.remote import RemotePool


class RayTaskRunner:
    """Execute submitted tasks on Ray workers.

    `address` of a cluster that runs already, such as `auto` or `ray://host:10001`; None starts one on this machine
    unless the process has one. `init_kwargs` go to `ray.init`. What this started it shuts down when nothing is left to
    do. Raises MissingExtra when Ray is not installed.
    """

    def __init__(self, address: str | None = None, init_kwargs: dict[str, Any] | None = None) -> None:
        self.address = address
        self.init_kwargs = dict(init_kwargs or {})

    def __repr__(self) -> str:
        return f"RayTaskRunner(address={self.address!r})"

    def open(self) -> RemotePool:
        """The cluster for one flow run; it is started, or connected to, when there is work."""
        _library()
        return RemotePool(lambda pool: ClusterLine(pool, lambda: _Ray(self)))


class _Ray:
    """This process's connection to a cluster: Ray has one for each process."""

    def __init__(self, runner: RayTaskRunner) -> None:
        self._ray = _library()
        self._is_ours = not self._ray.is_initialized()
        if self._is_ours:
            self._ray.init(address=runner.address, **runner.init_kwargs)
        # A lost worker is a try that failed, and that is counted here: Ray itself tries nothing again.
        self._execute = self._ray.remote(execute_parcel).options(max_retries=0)

    def submit(self, parcel: bytes, ended: Callable[[Callable[[], bytes]], None]) -> Any:
        handle = self._execute.remote(parcel)
        handle.future().add_done_callback(lambda done: ended(done.result))
        return handle

    def cancel(self, handle: Any) -> None:
        self._ray.cancel(handle, force=True)

    def close(self) -> None:
        if self._is_ours:
            self._ray.shutdown()


def _library() -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingExtra('RayTaskRunner needs Ray: pip install "orchestrator[ray]"') from error
    return ray
