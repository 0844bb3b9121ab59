"""Task runners under the names of Prefect 2."""

from __future__ import annotations

import threading

from orchestrator import ConcurrentTaskRunner, SequentialTaskRunner, ThreadPoolTaskRunner, flow, task


@task
def thread(_):
    return threading.get_ident()


def test_executes_in_one_thread():
    @flow(task_runner=SequentialTaskRunner())
    def one_by_one():
        return thread.map([1, 2, 3]).result()

    assert len(set(one_by_one())) == 1


def test_executes_in_threads():
    assert ConcurrentTaskRunner is ThreadPoolTaskRunner
    assert ConcurrentTaskRunner(max_workers=2).max_workers == 2
    assert repr(SequentialTaskRunner()) == "SequentialTaskRunner()"
