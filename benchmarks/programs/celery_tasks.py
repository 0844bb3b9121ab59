"""One flow whose no-op tasks execute on Celery workers: `celery_tasks.py bench 2000`, for the pool's name and how many.

Prints JSON: how many seconds the tasks took from the first call to the last result, and the flow run's id. A small flow
goes before it, which is not measured: connections are open then, and the worker's processes are there.
"""

from __future__ import annotations

import json
import sys
import time

from orchestrator import CeleryTaskRunner, flow, runtime, task


@task
def noop(number):
    return number


@flow(task_runner=CeleryTaskRunner(pool=sys.argv[1]))
def work(count):
    numbers = list(range(count))
    began = time.perf_counter()
    results = noop.map(numbers).result()
    seconds = time.perf_counter() - began
    if results != numbers:
        raise RuntimeError(f"the tasks gave {results[:5]}…, not their arguments")
    return seconds, str(runtime.flow_run.id)


if __name__ == "__main__":
    work(5)
    seconds, flow_run_id = work(int(sys.argv[2]))
    print(json.dumps({"seconds": seconds, "flow_run_id": flow_run_id}))
