"""What an author may give as `task_runner=`."""

from __future__ import annotations

from typing import Any

from orchestrator.sdk.engine.pools import TaskRunner
from orchestrator.sdk.runners.threads import ThreadPoolTaskRunner


def checked_runner(given: Any) -> TaskRunner:
    """The task runner itself; one of the class that was given, with its defaults; threads for None.

    Raises TypeError for anything else.
    """
    if given is None:
        return ThreadPoolTaskRunner()
    if isinstance(given, type) and isinstance(given, TaskRunner):  # a class has its methods too
        runner: Any = given()
        return runner
    if isinstance(given, TaskRunner):
        return given
    raise TypeError(f"task_runner is {given!r}; a task runner is needed, such as ThreadPoolTaskRunner(max_workers=4)")
