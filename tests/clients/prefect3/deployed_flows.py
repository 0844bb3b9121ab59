"""Flows for Prefect that our own workers execute."""

import os
import signal
import time

from prefect import flow, get_run_logger, suspend_flow_run, task
from prefect.deployments import run_deployment
from prefect.logging.loggers import flow_run_logger
from prefect.runtime import flow_run


@task
def add(a: int, b: int) -> int:
    print(f"adding {a} and {b}")
    return a + b


@flow
def inner(word: str) -> str:
    get_run_logger().info("inner got %s", word)
    return word


@flow(log_prints=True, retries=1, retry_delay_seconds=0)
def greets(name: str = "you") -> int:
    if flow_run.run_count < 2:
        raise ValueError("the first attempt fails")
    print(f"hello {name}, GIVEN is {os.environ.get('GIVEN')}")
    inner(name)
    return add(1, 2)


def tell_where(flow, flow_run, state) -> None:
    flow_run_logger(flow_run, flow).info("the hook of %s was called", flow.name)


@flow(on_cancellation=[tell_where])
def sleeps() -> None:
    time.sleep(60)


@flow(on_cancellation=[tell_where])
def does_not_listen() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)


@flow
def is_killed_once(marker: str) -> None:
    if not os.path.exists(marker):
        open(marker, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)


@flow
def suspends() -> None:
    suspend_flow_run(timeout=60, key="once")


@flow
def starts_another() -> str:
    variables = {"env": {"GIVEN": "a thing"}}
    run = run_deployment("greets/ours", parameters={"name": "all"}, job_variables=variables, poll_interval=1)
    return run.state.name
