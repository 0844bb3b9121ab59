"""One flow of no-op tasks, with the library that the first argument names: `tasks.py orchestrator task 500`.

Prints JSON: when the first call was made, in seconds since 1970, how many seconds it took from there to the last
result, and the flow run's id. A small flow goes before it, which is not measured: connections are open then, and
everything is imported.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module

library = import_module(sys.argv[1])
kind, count = sys.argv[2], int(sys.argv[3])


@library.task
def noop(number):
    return number


def one_after_the_other(numbers):
    return [noop(number) for number in numbers]


def submitted(numbers):
    return [future.result() for future in [noop.submit(number) for number in numbers]]


def mapped(numbers):
    return noop.map(numbers).result()


WAYS = {"task": one_after_the_other, "submit": submitted, "map": mapped}


@library.flow
def work(count):
    numbers = list(range(count))
    began_at, began = time.time(), time.perf_counter()
    results = WAYS[kind](numbers)
    seconds = time.perf_counter() - began
    if results != numbers:
        raise RuntimeError(f"the tasks gave {results[:5]}…, not their arguments")
    return {"began_at": began_at, "seconds": seconds, "flow_run_id": str(library.runtime.flow_run.id)}


if __name__ == "__main__":
    work(5)
    print(json.dumps(work(count)))
