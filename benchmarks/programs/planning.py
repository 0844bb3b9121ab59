"""One pass of a scheduler over all that there is to plan, on the database of its server: `planning.py orchestrator`.

What the service itself calls is called here, in a process that does nothing else, as its clock would call it. Prints
JSON: the seconds of a pass in which everything was to be planned, and of one directly after it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable


def ours() -> None:
    """The service works for a few seconds at a time, so it is called until it finds nothing more."""
    from deployments.tasks import scheduler

    while scheduler():
        pass


async def prefects() -> None:
    from prefect.server.services.scheduler import schedule_deployments

    await schedule_deployments()


async def both_of_prefect() -> list[float]:
    """In one loop, to which its connections belong."""
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        await prefects()
        seconds.append(time.perf_counter() - began)
    return seconds


def timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    if sys.argv[1] == "orchestrator":
        import django

        os.environ["DJANGO_SETTINGS_MODULE"] = "orchestrator.settings"
        django.setup()
        from deployments.models import DeploymentSchedule
        from orchestrator.garbage import look_rarely

        look_rarely()  # as the process does in which the service runs
        DeploymentSchedule.objects.exists()  # the connection is open then
        passes = [timed(ours), timed(ours)]
    else:
        passes = asyncio.run(both_of_prefect())
    print(json.dumps({"planning": passes[0], "nothing to plan": passes[1]}))
