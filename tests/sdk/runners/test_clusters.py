"""Tasks on clusters of other libraries: a pretended one, a real one of Dask, and Ray where it is installed."""

import importlib.util
import os
import signal
import sys

import pytest

from orchestrator import DaskTaskRunner, RayTaskRunner, flow, task
from orchestrator.sdk.errors import MissingExtra
from orchestrator.sdk.runners import dask_cluster
from orchestrator.sdk.runners.abroad import execute_parcel
from orchestrator.sdk.runners.callbacks import ClusterLine
from orchestrator.sdk.runners.remote import RemotePool


class Pretended:
    """Executes at once. `trouble` are the errors of the next runs, None for one that goes well."""

    def __init__(self):
        self.trouble = []
        self.refuses = False
        self.cancelled = []
        self.stuck = False
        self.closed = 0

    def open(self):
        return RemotePool(lambda pool: ClusterLine(pool, lambda: self))

    def submit(self, parcel, ended):
        if self.refuses:
            raise ConnectionError("no scheduler")
        if self.stuck:
            return "handle"
        error = self.trouble.pop(0) if self.trouble else None

        def reply():
            if error is not None:
                raise error
            return execute_parcel(parcel)

        ended(reply)
        return "handle"

    def cancel(self, handle):
        self.cancelled.append(handle)

    def close(self):
        self.closed += 1


def flow_on(cluster, **options):
    @task(**options)
    def add(number):
        return number + 1

    ended = []

    @flow(task_runner=cluster)
    def main():
        ended.append(add.submit(1, return_state=True))

    def call():
        main()
        return ended[0]

    return call


def test_brings_results_back_and_closes_the_cluster():
    cluster = Pretended()

    state = flow_on(cluster)()

    assert state.result() == 2
    assert cluster.closed == 1


def test_tries_again_what_was_lost():
    cluster = Pretended()
    cluster.trouble = [RuntimeError("worker died")]

    state = flow_on(cluster, retries=1)()

    assert state.result() == 2


def test_crashes_what_was_lost_too_often():
    cluster = Pretended()
    cluster.trouble = [RuntimeError("worker died")] * 2

    state = flow_on(cluster, retries=1)()

    assert state.is_crashed()
    assert "worker died" in state.message


def test_says_that_the_cluster_takes_nothing():
    cluster = Pretended()
    cluster.refuses = True

    state = flow_on(cluster)()

    assert state.is_failed()
    assert "The cluster does not take the task: ConnectionError: no scheduler" in state.message


def test_says_that_there_is_no_cluster():
    cluster = Pretended()
    cluster.open = lambda: RemotePool(lambda pool: ClusterLine(pool, refuse_to_connect))

    state = flow_on(cluster)()

    assert state.is_failed()
    assert "OSError: nobody listens" in state.message


def refuse_to_connect():
    raise OSError("nobody listens")


def test_cancels_what_executes_when_the_flow_takes_too_long():
    cluster = Pretended()
    cluster.stuck = True

    @flow(task_runner=cluster, timeout_seconds=0.2)
    def impatient():
        task(lambda: None, name="forgotten").submit().wait()

    state = impatient(return_state=True)

    assert state.name == "TimedOut"
    assert len(cluster.cancelled) == 1


@pytest.mark.parametrize(
    "named",
    [
        {"address": "tcp://127.0.0.1:8786", "cluster_kwargs": {"n_workers": 1}},
        {"address": "tcp://127.0.0.1:8786", "cluster": object()},
        {"address": "tcp://127.0.0.1:8786", "adapt_kwargs": {"maximum": 2}},
        {"cluster": object(), "cluster_class": "distributed.LocalCluster"},
        {"cluster": "tcp://127.0.0.1:8786", "address": "tcp://127.0.0.1:8786"},
    ],
)
def test_knows_one_cluster(named):
    with pytest.raises(ValueError, match=r"not both|one address"):
        DaskTaskRunner(**named)


def test_takes_what_comes_first_for_a_cluster_or_its_address():
    assert DaskTaskRunner("tcp://127.0.0.1:8786").address == "tcp://127.0.0.1:8786"
    assert repr(DaskTaskRunner("tcp://h:1")) == "DaskTaskRunner(address='tcp://h:1')"


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed")
def test_says_what_a_report_needs(monkeypatch, tmp_path):
    monkeypatch.setattr(dask_cluster, "find_spec", lambda name: None)

    with pytest.raises(MissingExtra, match="bokeh"):
        DaskTaskRunner(performance_report_path=tmp_path / "report.html").open()


@pytest.mark.parametrize(
    ("runner", "module", "extra"),
    [(DaskTaskRunner(), "distributed", "orchestrator[dask]"), (RayTaskRunner(), "ray", "orchestrator[ray]")],
)
def test_names_what_to_install(runner, module, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(MissingExtra) as caught:
        runner.open()
    assert extra in str(caught.value)


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed")
def test_executes_on_dask(tmp_path):
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": None}

    assert work_with_a_death(DaskTaskRunner(cluster_kwargs=options), tmp_path / "mark") == (10, "alive", True)


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask is not installed")
def test_leaves_a_cluster_open_that_it_was_given(tmp_path):
    import distributed

    @task
    def double(number):
        return 2 * number

    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:

        @flow(task_runner=DaskTaskRunner(cluster))
        def main():
            return double.submit(2).result()

        assert [main(), main()] == [4, 4]
        assert cluster.status.name == "running"


@pytest.mark.skipif(importlib.util.find_spec("bokeh") is None, reason="Bokeh is not installed")
def test_lets_dask_write_its_report(tmp_path):
    options = {"n_workers": 1, "processes": False, "dashboard_address": None}
    report = tmp_path / "report.html"

    @flow(task_runner=DaskTaskRunner(cluster_kwargs=options, performance_report_path=report))
    def main():
        return task(lambda: 1, name="one").submit().result()

    assert main() == 1
    assert "<html" in report.read_text()


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
def test_executes_on_ray(tmp_path):
    runner = RayTaskRunner(init_kwargs={"num_cpus": 1, "include_dashboard": False})

    assert work_with_a_death(runner, tmp_path / "mark") == (10, "alive", True)


def work_with_a_death(runner, mark):
    """A few tasks, one of which kills its process when it is executed for the first time."""

    @task
    def square(number):
        return number * number if number else os.getpid()

    @task(retries=1)
    def die():
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return "alive"

    @flow(task_runner=runner)
    def main():
        numbers = square.map([1, 3]).result()
        return sum(numbers), die.submit().result(), square.submit(0).result() != os.getpid()

    return main()
