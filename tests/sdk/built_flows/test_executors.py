"""Executors of Prefect 1, as task runners."""

from __future__ import annotations

import threading

import pytest

from orchestrator import (
    ConcurrentTaskRunner,
    DaskExecutor,
    DaskTaskRunner,
    Flow,
    LocalDaskExecutor,
    LocalExecutor,
    ProcessPoolTaskRunner,
    SequentialTaskRunner,
    ThreadPoolTaskRunner,
    task,
)


@pytest.mark.parametrize(
    ("given", "kind", "workers"),
    [
        (LocalExecutor(), SequentialTaskRunner, 1),
        (LocalDaskExecutor(), ThreadPoolTaskRunner, None),
        (LocalDaskExecutor("threads", num_workers=3), ThreadPoolTaskRunner, 3),
        (LocalDaskExecutor(scheduler="processes", num_workers=2), ProcessPoolTaskRunner, 2),
        (LocalDaskExecutor("synchronous"), SequentialTaskRunner, 1),
        (ConcurrentTaskRunner(), ThreadPoolTaskRunner, None),
    ],
)
def test_is_a_task_runner(given, kind, workers):
    assert type(given) is kind
    assert given.max_workers == workers


def test_hands_options_on_to_dask():
    runner = DaskExecutor(cluster_kwargs={"n_workers": 2})

    assert isinstance(runner, DaskTaskRunner)
    assert runner.cluster_kwargs == {"n_workers": 2}


def test_refuses_another_scheduler():
    with pytest.raises(ValueError, match="'threads', 'processes' or 'synchronous'"):
        LocalDaskExecutor("cluster")


@pytest.mark.parametrize("executor", [LocalExecutor(), LocalExecutor, SequentialTaskRunner])
def test_runs_one_at_a_time(executor):
    running, most = [], []
    lock = threading.Lock()

    @task
    def counts(number):
        with lock:
            running.append(number)
            most.append(len(running))
        running.remove(number)

    with Flow("one at a time", executor=executor) as built:
        counts.map([1, 2, 3, 4])

    assert built.run().is_successful()
    assert set(most) == {1}


def test_runs_in_processes():
    with Flow("processes", executor=LocalDaskExecutor("processes", num_workers=1)) as built:
        node = _square.map([2, 3])

    state = built.run()

    assert state.result[node].result == [4, 9]


@task
def _square(x):
    return x * x
