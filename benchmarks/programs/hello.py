"""The hello flow of Prefect's own client, so many times, one after the other: `hello.py 50`.

Prints JSON: how many seconds the runs took, and what they are called.
"""

from __future__ import annotations

import json
import sys
import time

import prefect
from prefect import flow, task


@task
def greet(name: str) -> str:
    return f"Hello, {name}!"


@task
def count_letters(text: str) -> int:
    return len(text)


@flow(log_prints=True)
def hello(name: str) -> str:
    text = greet(name)
    print(f"{text} That has {count_letters(text)} letters.")
    return str(prefect.runtime.flow_run.id)


if __name__ == "__main__":
    began = time.perf_counter()
    flow_run_ids = [hello(f"world {number}") for number in range(int(sys.argv[1]))]
    print(json.dumps({"seconds": time.perf_counter() - began, "flow_run_ids": flow_run_ids}))
