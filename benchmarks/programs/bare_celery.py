"""The tasks of `celery_tasks.py` with Celery alone, as its documentation begins: an app, a task, a group, the defaults.

The worker is `celery -A benchmarks.programs.bare_celery worker`; `bare_celery.py 2000` sends as many and prints JSON:
how many seconds they took from the first call to the last result. BARE_BROKER and BARE_RESULTS say where messages go. A
small group goes before it, which is not measured: connections are open then, and everything is imported.
"""

from __future__ import annotations

import json
import os
import sys
import time

from celery import Celery, group

from orchestrator.broker import register

if os.environ["BARE_BROKER"].startswith("sqlite"):
    register()  # Celery itself has no broker that needs no installation
app = Celery(
    "bare",
    broker=os.environ["BARE_BROKER"],
    backend=os.environ["BARE_RESULTS"],
    broker_connection_retry_on_startup=True,
)


@app.task(name="bare.noop")
def noop(number):
    return number


def measured(count):
    numbers = list(range(count))
    began = time.perf_counter()
    results = group(noop.s(number) for number in numbers)().get()
    seconds = time.perf_counter() - began
    if results != numbers:
        raise RuntimeError(f"the tasks gave {results[:5]}…, not their arguments")
    return seconds


if __name__ == "__main__":
    measured(5)
    print(json.dumps({"seconds": measured(int(sys.argv[1]))}))
