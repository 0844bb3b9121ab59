"""What `task_runner=` takes."""

import pytest

from orchestrator import (
    CeleryTaskRunner,
    DaskTaskRunner,
    ProcessPoolTaskRunner,
    RayTaskRunner,
    ThreadPoolTaskRunner,
    flow,
)
from orchestrator.sdk.runners.choosing import checked_runner


def test_takes_threads_by_default():
    assert isinstance(checked_runner(None), ThreadPoolTaskRunner)


@pytest.mark.parametrize(
    "kind", [ThreadPoolTaskRunner, ProcessPoolTaskRunner, CeleryTaskRunner, DaskTaskRunner, RayTaskRunner]
)
def test_takes_a_class_and_an_instance(kind):
    mine = kind()

    assert checked_runner(mine) is mine
    assert type(checked_runner(kind)) is kind
    assert kind.__name__ in repr(mine)


@pytest.mark.parametrize("given", ["threads", 5, object, dict])
def test_refuses_anything_else(given):
    with pytest.raises(TypeError, match="a task runner is needed"):
        flow(lambda: None, name="mine").with_options(task_runner=given)
