from __future__ import annotations

import asyncio
import inspect
import time
from datetime import timedelta

import pytest

from orchestrator import (
    ParameterBindError,
    TaskTimeout,
    flow,
    task,
)


@task
def number(n: int) -> int:
    return n


@task
def plus(a, b):
    return a + b


def test_records_each_state_as_an_event(api):
    @flow
    def main():
        number(1000)

    main()

    pending, running, completed = api.events
    assert [event["event"] for event in api.events] == [
        "prefect.task-run.Pending",
        "prefect.task-run.Running",
        "prefect.task-run.Completed",
    ]
    assert running["follows"] == pending["id"]
    assert completed["follows"] == running["id"]
    assert completed["resource"]["prefect.orchestration"] == "client"
    assert completed["payload"]["intended"] == {"from": "RUNNING", "to": "COMPLETED"}
    assert completed["related"][0]["prefect.resource.id"] == f"prefect.flow-run.{api.the_run()['id']}"
    row = completed["payload"]["task_run"]
    assert row["run_count"] == row["flow_run_run_count"] == 1
    assert row["start_time"] <= row["end_time"]


def test_tries_again_after_each_delay_of_the_list(api):
    times = []

    @task(retries=2, retry_delay_seconds=[0.05, 0.15])
    def flaky():
        times.append(time.monotonic())
        if len(times) < 3:
            raise ValueError("boom")
        return "ok"

    @flow
    def main():
        return flaky()

    assert main() == "ok"
    expected = ["Pending", "Running", "AwaitingRetry", "Retrying", "AwaitingRetry", "Retrying", "Completed"]
    assert api.task_states("flaky") == expected
    assert times[1] - times[0] >= 0.05
    assert times[2] - times[1] >= 0.15
    assert api.last_event("flaky")["payload"]["task_run"]["run_count"] == 3


def test_does_not_try_again_against_its_condition():
    tries = []

    @task(retries=5, retry_condition_fn=lambda task, run, state: False)
    def picky():
        tries.append(1)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        picky()
    assert len(tries) == 1


def test_does_not_wait_longer_than_its_time_limit(api):
    @task(timeout_seconds=0.2)
    def slow():
        time.sleep(60)

    @flow
    def main():
        return slow(return_state=True)

    began = time.monotonic()
    state = main(return_state=True)

    assert time.monotonic() - began < 30
    assert (state.type.value, state.name) == ("FAILED", "TimedOut")
    assert api.task_states("slow") == ["Pending", "Running", "TimedOut"]
    with pytest.raises(TaskTimeout):
        state.result()


def test_keeps_an_own_timeout_error_apart_from_the_limit():
    @task(timeout_seconds=5)
    def own():
        raise TimeoutError("of the database")

    state = own(return_state=True)

    assert state.name == "Failed"


def test_limits_submitted_and_async_tasks_too():
    @task(timeout_seconds=0.1)
    async def slow():
        await asyncio.sleep(60)

    @flow
    def main():
        future = slow.submit()
        future.wait()
        return future.state.name

    began = time.monotonic()

    assert main() == "TimedOut"
    assert time.monotonic() - began < 30


def test_fills_its_run_name_from_the_parameters(api):
    @task(task_run_name="add {a} and {b}")
    def named(a, b):
        return a + b

    @flow
    def main():
        return named.submit(number.submit(1), 2).result()

    assert main() == 3
    assert api.last_event("add 1 and 2")["event"] == "prefect.task-run.Completed"


def test_runs_outside_of_a_flow(api):
    assert number(5) == 5
    assert number.submit(6).result() == 6


def test_calls_the_plain_function():
    assert plus.fn(1, 2) == 3


def test_works_as_a_method():
    class Adder:
        step = 10

        @task
        def add(self, n):
            return self.step + n

    @flow
    def main():
        return Adder().add(1), Adder().add.submit(2).result()

    assert main() == (11, 12)


def test_reads_the_signature_of_a_method_once(monkeypatch):
    read = []
    signature = inspect.signature
    monkeypatch.setattr(inspect, "signature", lambda function, **options: read.append(1) or signature(function))

    class Adder:
        @task
        def add(self, n, *, to=10):
            return to + n

        @task
        def plain(self, n):
            return n

    adder = Adder()

    assert [adder.add(n, to=1) for n in range(3)] == [1, 2, 3]
    assert [adder.plain(n) for n in range(3)] == [0, 1, 2]
    assert [Adder.add(adder, n=1), adder.add(2)] == [11, 12]
    assert len(read) == 1


def test_says_what_a_method_takes_besides_its_instance():
    class Adder:
        @task
        def add(self, n, to=10):
            return to + n

    with pytest.raises(ParameterBindError, match=r"too many positional arguments; its parameters are \(n, to=10\)"):
        Adder().add(1, 2, 3)


def test_copies_itself_with_other_options():
    copy = plus.with_options(name="sum", retries=3)

    assert (copy.name, copy.retries, copy.fn) == ("sum", 3, plus.fn)
    assert (plus.name, plus.retries) == ("plus", 0)
    with pytest.raises(TypeError, match="nonsense"):
        plus.with_options(nonsense=1)


def test_takes_options_as_others_spell_them():
    spelled = task(max_retries=2, retry_delay=timedelta(seconds=3), timeout=timedelta(minutes=1), log_stdout=True)(
        print
    )
    named = task("a name", cache_for=timedelta(hours=1))(number.fn)

    assert (spelled.retries, spelled.retry_delay, spelled.timeout_seconds, spelled.log_prints) == (2, 3.0, 60.0, True)
    assert (named.name, named.cache_expiration, named.persist_result) == ("a name", timedelta(hours=1), True)


@pytest.mark.parametrize("options", [{"retris": 3}, {"on_complet": []}])
def test_names_the_nearest_option(options):
    with pytest.raises(TypeError, match="did you mean"):
        task(**options)


def test_records_a_crash_and_lets_it_through(api):
    @task
    def leaving():
        raise SystemExit(3)

    @flow
    def main():
        leaving()

    with pytest.raises(SystemExit):
        main()

    assert api.task_states("leaving") == ["Pending", "Running", "Crashed"]


def test_carries_a_stop_iteration_as_an_ordinary_error():
    @task
    def odd():
        next(iter(()))

    state = odd(return_state=True)

    assert state.is_failed()
    assert isinstance(state.outcome, StopIteration)


class Unreadable(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def test_fails_with_an_error_that_has_no_readable_text(api):
    @task
    def raising():
        raise Unreadable

    @flow
    def calling():
        raising.submit().wait()

    calling()

    assert api.task_states("raising") == ["Pending", "Running", "Failed"]
