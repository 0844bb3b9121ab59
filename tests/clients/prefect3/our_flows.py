"""Flows of ours, executed against whatever server the environment names. What they came to goes to standard output."""

from __future__ import annotations

import asyncio
import json
import threading
import time

from orchestrator import (
    NotPausedFlowRun,
    Secret,
    Variable,
    concurrency,
    create_markdown_artifact,
    emit_event,
    flow,
    get_run_logger,
    pause_flow_run,
    resume_flow_run,
    runtime,
    task,
)


@task
def add(left: int, right: int) -> int:
    get_run_logger().info("from a task")
    return left + right


@flow(log_prints=True)
def hello() -> int:
    print("hello")
    return add(1, 2)


@task
def double(number: int) -> int:
    return 2 * number


@flow
def mapped() -> list[int]:
    return [future.result() for future in double.map(double.map([1, 2, 3]))]


@task(retries=1)
def second_time(tries: list[int]) -> str:
    tries.append(1)
    if len(tries) == 1:
        raise ValueError("the first attempt")
    return "second attempt"


@flow
def retried_task() -> str:
    return second_time([])


tries_of_the_flow: list[int] = []


@flow(retries=1)
def retried_flow() -> str:
    tries_of_the_flow.append(1)
    if len(tries_of_the_flow) == 1:
        raise ValueError("the first attempt")
    return "second attempt"


@flow
def child(number: int) -> int:
    return double(number)


@flow
def parent() -> int:
    return child(4)


@task
async def wait_a_moment(number: int) -> int:
    await asyncio.sleep(0.01)
    return number


@flow
async def in_async_code() -> list[int]:
    return list(await asyncio.gather(wait_a_moment(1), wait_a_moment(2)))


@task
def broken() -> None:
    raise RuntimeError("on purpose")


@flow
def failing() -> None:
    broken()


@flow(timeout_seconds=0.2)
def timed_out() -> None:
    time.sleep(2)


@flow
def with_things() -> dict[str, object]:
    Variable.set("threshold", 5, overwrite=True)
    create_markdown_artifact("# All is well", key="our-report")
    emit_event("our.event", resource={"prefect.resource.id": "our.resource"})
    Secret(value="hush").save("ours", overwrite=True)
    with concurrency("our-database", occupy=1):
        return {"threshold": Variable.get("threshold"), "secret": Secret.load("ours").get()}


@flow
def paused() -> int:
    threading.Thread(target=answer, args=(runtime.flow_run.id,)).start()
    return pause_flow_run(wait_for_input=int, timeout=60, poll_interval=1)


def answer(flow_run_id: str) -> None:
    """As somebody would who looks at the run's page."""
    for _ in range(100):
        try:
            resume_flow_run(flow_run_id, run_input={"value": 7})
            return
        except NotPausedFlowRun:
            time.sleep(0.1)


def main() -> None:
    told = {}
    for each in (hello, mapped, retried_task, retried_flow, parent, failing, timed_out, with_things, paused):
        told[each.fn.__name__] = of(each(return_state=True))
    told["in_async_code"] = of(asyncio.run(in_async_code(return_state=True)))
    print(json.dumps(told))


def of(state) -> dict[str, object]:
    result = state.result(raise_on_failure=False)
    shown = None if isinstance(result, BaseException) else result
    return {"id": state.state_details.flow_run_id, "name": state.name, "result": shown}


if __name__ == "__main__":
    main()
