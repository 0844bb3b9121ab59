from __future__ import annotations

import asyncio

import pytest

from orchestrator import exponential_backoff, flow, task


def test_are_called_with_the_task_the_run_and_its_state():
    seen = []

    def completed(task, run, state):
        seen.append((task.name, run.name[:5], run.state.name, state.result()))

    @task(on_completion=[completed])
    def work():
        return 1

    work()

    assert seen == [("work", "work-", "Completed", 1)]


def test_are_called_when_a_run_comes_to_their_state():
    seen = []

    @task(retries=1)
    def work(fails):
        seen.append("works")
        if fails:
            raise ValueError("no")

    work.on_running(lambda task, run, state: seen.append(state.name))
    work.on_completion(lambda task, run, state: seen.append("completed"))

    @work.on_failure
    def failed(task, run, state):
        seen.append(f"failed {run.run_count}")

    work(False)
    work(True, return_state=True)

    assert seen == ["Running", "works", "completed", "Running", "works", "Retrying", "works", "failed 2"]


def test_are_called_for_a_crash():
    seen = []

    @task
    def leaving():
        raise SystemExit(2)

    leaving.on_crashed(lambda task, run, state: seen.append(state.name))

    with pytest.raises(SystemExit):
        leaving()

    assert seen == ["Crashed"]


def test_are_called_in_async_runs_and_may_be_async():
    seen = []

    @task
    async def work():
        return 1

    @work.on_completion
    async def completed(task, run, state):
        await asyncio.sleep(0)
        seen.append(state.name)

    @flow
    async def main():
        return await work()

    assert asyncio.run(main()) == 1
    assert seen == ["Completed"]


def test_do_not_change_the_state_when_they_fail(api):
    @task
    def work():
        return 1

    work.on_completion(lambda task, run, state: 1 / 0)

    @flow
    def main():
        return work()

    assert main() == 1
    assert any("ZeroDivisionError" in message for message in api.messages())


def test_go_along_with_other_options():
    seen = []

    @task
    def work():
        return 1

    work.on_completion(lambda task, run, state: seen.append(task.name))

    work.with_options(name="other")()

    assert seen == ["other"]


def test_are_refused_when_they_are_no_functions():
    with pytest.raises(TypeError, match="on_failure takes a list"):
        task(on_failure=print)(print)
    with pytest.raises(TypeError, match="takes functions"):
        task(on_failure=["print"])(print)


def test_backs_off_exponentially():
    @task(retries=4, retry_delay_seconds=exponential_backoff(backoff_factor=10))
    def work():
        return 1

    assert work.retry_delay_seconds == [10, 20, 40, 80]
