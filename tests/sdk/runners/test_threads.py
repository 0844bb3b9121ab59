from __future__ import annotations

import gc
import weakref

from orchestrator import ThreadPoolTaskRunner, flow, task


class Large:
    """Something that one can have a weak reference to."""


def test_keeps_no_result_while_its_threads_are_idle():
    made = []

    @task
    def make():
        large = Large()
        made.append(weakref.ref(large))
        return large

    @flow(task_runner=ThreadPoolTaskRunner(1))
    def making():
        make.submit().wait()

    making()
    gc.collect()

    assert [each() for each in made] == [None]
