"""Submitted tasks execute on a Dask cluster, through Dask's own library: `pip install "orchestrator[dask]"`."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from orchestrator.sdk.errors import MissingExtra
from orchestrator.sdk.runners.abroad import execute_parcel
from orchestrator.sdk.runners.callbacks import ClusterLine
from orchestrator.sdk.runners.remote import RemotePool


class DaskTaskRunner:
    """Execute submitted tasks on Dask workers.

    `cluster` is one that the caller made, and closes; `address` that of a scheduler that runs already; `cluster_class`,
    a class or its import path, with `cluster_kwargs`, makes a cluster that lives as long as there is work, by default
    `distributed.LocalCluster`. `adapt_kwargs` let a cluster grow and shrink. `client_kwargs` go to
    `distributed.Client`. `performance_report_path` is the file for Dask's report, an HTML page, when the work is done.
    A scheduler that was there before gives a task whose worker died to others by itself, as often as its setting
    `allowed-failures` says.

    Raises ValueError when more than one cluster is named, and MissingExtra, when work begins, if Dask, or Bokeh for the
    report, is not installed.
    """

    def __init__(
        self,
        cluster: Any = None,
        address: str | None = None,
        cluster_class: str | Callable[..., Any] | None = None,
        cluster_kwargs: dict[str, Any] | None = None,
        adapt_kwargs: dict[str, Any] | None = None,
        client_kwargs: dict[str, Any] | None = None,
        performance_report_path: str | Path | None = None,
    ) -> None:
        if isinstance(cluster, str):
            if address:
                raise ValueError("DaskTaskRunner takes one address")
            cluster, address = None, cluster
        makes_one = bool(cluster_class or cluster_kwargs)
        if address and (cluster is not None or makes_one or adapt_kwargs):
            raise ValueError("DaskTaskRunner takes the address of a cluster, or what a new one is made with; not both")
        if cluster is not None and makes_one:
            raise ValueError("DaskTaskRunner takes a cluster, or what a new one is made with; not both")
        self.cluster = cluster
        self.address = address
        self.cluster_class = cluster_class
        self.cluster_kwargs = dict(cluster_kwargs or {})
        self.adapt_kwargs = dict(adapt_kwargs or {})
        self.client_kwargs = dict(client_kwargs or {})
        self.performance_report_path = performance_report_path

    def __repr__(self) -> str:
        named = {"cluster": self.cluster, "address": self.address, "cluster_class": self.cluster_class}
        return f"DaskTaskRunner({', '.join(f'{name}={it!r}' for name, it in named.items() if it is not None)})"

    def open(self) -> RemotePool:
        """The cluster for one flow run; it is made, or connected to, when there is work."""
        _library()
        if self.performance_report_path is not None and find_spec("bokeh") is None:
            raise MissingExtra('A performance report of Dask needs Bokeh: pip install "bokeh>=3.1"')
        return RemotePool(lambda pool: ClusterLine(pool, lambda: _Dask(self)))


class _Dask:
    """One connection to a scheduler, and the cluster if it was made for this."""

    def __init__(self, runner: DaskTaskRunner) -> None:
        distributed = _library()
        self._made: Any = None
        cluster = runner.cluster
        if cluster is None and not runner.address:
            import dask

            # A lost worker is a try that failed, and that is counted by the pool: Dask itself tries nothing again.
            with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
                self._made = cluster = _class_of(runner.cluster_class, distributed)(**runner.cluster_kwargs)
        if cluster is not None and runner.adapt_kwargs:
            cluster.adapt(**runner.adapt_kwargs)
        options = {"set_as_default": False, **runner.client_kwargs}
        self._client = distributed.Client(runner.address or cluster, **options)
        self._report: Any = None
        if runner.performance_report_path is not None:
            self._report = distributed.performance_report(filename=str(runner.performance_report_path))
            with self._client.as_current():
                self._report.__enter__()

    def submit(self, parcel: bytes, ended: Callable[[Callable[[], bytes]], None]) -> Any:
        future = self._client.submit(execute_parcel, parcel, pure=False, retries=0)
        future.add_done_callback(lambda done: ended(lambda: _result_of(done)))
        return future

    def cancel(self, handle: Any) -> None:
        handle.cancel(force=True)

    def close(self) -> None:
        try:
            if self._report is not None:
                with self._client.as_current():
                    self._report.__exit__(None, None, None)
        finally:
            self._client.close()
            if self._made is not None:
                self._made.close()


def _result_of(future: Any) -> bytes:
    """The result, which Dask may forget then: what it keeps for somebody it executes again when its worker dies."""
    try:
        reply: bytes = future.result()
        return reply
    finally:
        future.release()


def _library() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise MissingExtra('DaskTaskRunner needs Dask: pip install "orchestrator[dask]"') from error
    return distributed


def _class_of(given: str | Callable[..., Any] | None, distributed: Any) -> Any:
    """A class, or where one is: `dask_cloudprovider.aws.FargateCluster`. Raises ImportError, AttributeError."""
    if given is None:
        return distributed.LocalCluster
    if not isinstance(given, str):
        return given
    from importlib import import_module

    module, _, name = given.rpartition(".")
    return getattr(import_module(module or "distributed"), name)
