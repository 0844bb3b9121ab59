"""Flows on the unmodified Prefect 3 client. Prints what it got as JSON: {flow name: {id, type, name, result}}."""

import json
import sys
import time

from prefect import flow, get_run_logger, task, unmapped
from prefect.states import Completed


@task
def add(x, y):
    get_run_logger().info("adding %s and %s", x, y)
    return x + y


@task(retries=1, retry_delay_seconds=0.1)
def fails_once(attempts=[]):  # noqa: B006 - remembers its attempts on purpose
    attempts.append(1)
    if len(attempts) == 1:
        raise ValueError("the first attempt")
    return "second attempt"


@task(timeout_seconds=0.3)
def sleeps():
    time.sleep(2)


@flow(log_prints=True)
def sequence():
    print("printed by the flow")
    return add(add(1, 2), 3)


@flow
def mapped():
    first = add.submit(1, 1)
    return [future.result() for future in add.map([1, 2, 3], unmapped(first))]


@flow
def retried_task():
    return fails_once()


@flow(retries=1, retry_delay_seconds=0.1)
def retried_flow(attempts=[]):  # noqa: B006 - as above
    attempts.append(1)
    if len(attempts) == 1:
        raise RuntimeError("the first attempt")
    return "second attempt"


@flow
def timed_out():
    return sleeps(return_state=True)


@flow
def failing():
    raise ValueError("on purpose")


@flow
def named():
    return Completed(message="custom", name="AllGood")


@flow
def parent():
    return sequence()


FLOWS = [sequence, mapped, retried_task, retried_flow, timed_out, failing, named, parent]


def outcome(state):
    result = state.result(raise_on_failure=False)
    if not isinstance(result, (int, str, list)):
        result = repr(result)
    run_id = str(state.state_details.flow_run_id)
    return {"id": run_id, "type": state.type.value, "name": state.name, "result": result}


if __name__ == "__main__":
    json.dump({each.fn.__name__: outcome(each(return_state=True)) for each in FLOWS}, sys.stdout)
