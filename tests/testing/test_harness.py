"""Authors' tests: no server, no waiting, and what happened to look at."""

from __future__ import annotations

import os
import threading
import time

import pytest

from orchestrator import (
    ApiError,
    Block,
    CeleryTaskRunner,
    ProcessPoolTaskRunner,
    Secret,
    Variable,
    concurrency,
    create_markdown_artifact,
    flow,
    get_run_logger,
    pause_flow_run,
    tags,
    task,
)
from orchestrator.sdk.api.client import current_client
from orchestrator.sdk.configuration import settings
from orchestrator.sdk.configuration.profiles import Profiles, forget, home, profiles_file, write_profiles
from orchestrator.testing import disable_run_logger, harness, prefect_test_harness, utilities

pytest_plugins = ["pytester"]


@task(retries=2, retry_delay_seconds=3600)
def third_time(tries):
    tries.append(1)
    if len(tries) < 3:
        raise ValueError("not yet")
    get_run_logger().warning("now it works")
    return len(tries)


@task(name="a name of its own", task_run_name="run-{number}")
def square(number):
    return number**2


@flow
def inner(number):
    return square(number)


@flow(name="outer one", log_prints=True)
def outer(numbers):
    print("begins with", numbers)
    with tags("blue"):
        futures = square.map(numbers)
    return inner(sum(futures.result()))


def test_records_flow_runs_and_their_task_runs():
    with harness() as h:
        assert outer([1, 2]) == 25

        run = h.flow_run("outer one")
        child = h.flow_run("inner")
        assert [each.of for each in h.flow_runs] == ["outer one", "inner"]
        assert h.states(run) == ["Pending", "Running", "Completed"]
        assert run.parameters == {"numbers": [1, 2]}
        assert child.parent_id == run.id
        assert run.parent_id is None
        squares = h.task_runs("a name of its own")
        assert [each.name for each in squares] == ["run-1", "run-2", "run-5"]
        assert [each.tags for each in squares] == [("blue",), ("blue",), ()]
        assert squares[2].parent_id == child.id
        assert h.task_runs("nonsense") == []


def test_does_not_wait_for_retries():
    @flow(retries=1, retry_delay_seconds=3600)
    def main(tries, attempts):
        attempts.append(1)
        if len(attempts) == 1:
            raise KeyError("first")
        return third_time(tries)

    began = time.monotonic()
    with harness() as h:
        assert main([], []) == 3

        assert h.states(h.flow_run()) == ["Pending", "Running", "AwaitingRetry", "Retrying", "Completed"]
        assert h.flow_run().run_count == 2
        assert h.task_run().run_count == 3
        assert h.states(h.task_run())[-3:] == ["AwaitingRetry", "Retrying", "Completed"]
    assert time.monotonic() - began < 60  # of the hours that the delays add up to


async def in_async_code(attempts):
    @flow(retries=1, retry_delay_seconds=3600)
    async def main():
        attempts.append(1)
        if len(attempts) == 1:
            raise KeyError("first")
        return await double(4)

    @task
    async def double(number):
        return 2 * number

    return await main()


def test_works_for_async_flows():
    import asyncio

    with harness() as h:
        assert asyncio.run(in_async_code([])) == 8
        h.assert_state(h.task_run("double"), "Completed")


def test_leaves_the_authors_own_sleep_alone():
    with harness():
        began = time.monotonic()
        time.sleep(0.05)

    assert time.monotonic() - began >= 0.05


def test_keeps_logs_with_their_level_and_run():
    with harness() as h:
        outer([1])
        third_time([])

        line = h.assert_logged("begins with [1]", run=h.flow_run("outer one"))
        assert (line.level_name, line.task_run_id) == ("INFO", None)
        assert h.assert_logged("now it works", level="warning").task_run_id == h.task_run("third_time").id
        with pytest.raises(AssertionError, match=r"'begins' was not logged; this was:\n  WARNING: now it works"):
            h.assert_logged("begins", level="WARNING")


def test_asserts_on_states():
    @flow
    def failing():
        raise RuntimeError("on purpose")

    with harness() as h:
        state = failing(return_state=True)

        assert h.assert_state(state, "Failed").message.endswith("RuntimeError: on purpose")
        assert h.assert_state(state, "FAILED").of == "failing"
        with pytest.raises(
            AssertionError, match=r"flow run '.*' of 'failing' .* is Failed, not Completed: .*on purpose"
        ):
            h.assert_state(h.flow_run(), "Completed")


def test_takes_runs_by_future_state_and_id():
    with harness() as h:
        future = square.submit(2)
        future.wait()
        run = h.task_run()

        assert h.run(future) == h.run(future.state) == h.run(run.id) == h.run(run) == run
        with pytest.raises(AssertionError, match="has seen no run 'nonsense'"):
            h.run("nonsense")


def test_says_what_it_has_seen_when_there_is_not_one_run():
    with harness() as h:
        with pytest.raises(AssertionError, match=r"there are 0 runs at all.*seen runs of: none"):
            h.flow_run()
        inner(1)
        inner(2)
        with pytest.raises(AssertionError, match="there are 2 runs of 'inner'"):
            h.flow_run("inner")


def test_touches_neither_profile_nor_home(monkeypatch, tmp_path):
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(tmp_path))
    monkeypatch.setenv("ORCHESTRATOR_DRAIN_SECONDS", "7")
    write_profiles(profiles_file(), Profiles("mine", {"mine": {"ORCHESTRATOR_API_URL": "http://live.test/api"}}))
    forget()
    before = sorted(tmp_path.rglob("*"))

    with harness():
        inside = home()
        assert inside != tmp_path
        assert settings.api_url() is None
        assert settings.drain_seconds() == 120
        outer([1])

    assert not inside.exists()
    assert settings.api_url() == "http://live.test/api"
    assert os.environ["ORCHESTRATOR_DRAIN_SECONDS"] == "7"
    assert sorted(tmp_path.rglob("*")) == before
    forget()


def test_takes_settings_and_refuses_unknown_ones():
    with harness(LOGGING_LEVEL="ERROR"):
        assert settings.logging_level() == "ERROR"
    with pytest.raises(settings.SettingError, match="Did you mean ORCHESTRATOR_LOGGING_LEVEL"), harness(LOGING_LEVEL=1):
        pass


def test_is_over_when_a_test_fails():
    with pytest.raises(ZeroDivisionError), harness():
        _ = 1 / 0

    assert current_client() is None or current_client().transport.address != "the test harness"


def test_collects_what_threads_do():
    with harness() as h:
        threads = [threading.Thread(target=inner, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [run.state_name for run in h.flow_runs] == ["Completed"] * 8
        assert len(h.task_runs()) == 8


def test_resumes_what_pauses_with_an_answer():
    @flow
    def main():
        return pause_flow_run(wait_for_input=int, timeout=3600) + 1

    with harness(resume_with={"value": 3}) as h:
        assert main() == 4
        assert h.states(h.flow_run()) == ["Pending", "Running", "Paused", "Running", "Completed"]


def test_leaves_a_pause_to_the_test():
    @flow
    def main():
        return pause_flow_run(wait_for_input=str, poll_interval=0.01)

    with harness(stay_paused=True) as h:
        answers = []
        thread = threading.Thread(target=lambda: answers.append(main()))
        thread.start()
        while not h.flow_runs or h.flow_run().state_name != "Paused":
            time.sleep(0.01)
        h.resume(h.flow_run(), {"value": "go on"})
        thread.join()

        assert answers == ["go on"]
        with pytest.raises(AssertionError, match="is not paused"):
            h.resume(h.flow_run())


@pytest.mark.parametrize("runner", [ProcessPoolTaskRunner, CeleryTaskRunner])
def test_executes_tasks_in_threads_whatever_their_task_runner(runner):
    @task
    def where():
        get_run_logger().info("in a task")
        return os.getpid()

    @flow(task_runner=runner)
    def main():
        return where.submit().result()

    with harness() as h:
        assert main() == os.getpid()
        h.assert_logged("in a task", run=h.task_run("where"))


def test_keeps_variables_artifacts_and_secrets():
    @flow
    def main():
        Variable.set("seen", [*Variable.get("given"), 2])
        create_markdown_artifact("# All is well", key="report")
        Secret(value="hush").save("mine")
        with concurrency("database", occupy=1):
            return Secret.load("mine").get(), Variable.get("missing", default=0)

    with harness(variables={"given": [1]}) as h:
        assert main() == ("hush", 0)
        assert h.variables == {"given": [1], "seen": [1, 2]}
        assert [(each["key"], each["data"]) for each in h.artifacts] == [("report", "# All is well")]


def test_loads_blocks_with_those_inside():
    class Outer(Block):
        inner: Secret
        number: int = 1

    Outer.model_rebuild(_types_namespace={"Secret": Secret})
    with harness():
        Secret(value="hush").save("inner")
        Outer(inner=Secret.load("inner")).save("outer")
        Outer(inner=Secret.load("inner"), number=2).save("outer", overwrite=True)

        loaded = Outer.load("outer")
        assert (loaded.inner.get(), loaded.number) == ("hush", 2)


def test_stores_results_in_a_place_of_its_own():
    calls = []

    @task(cache_key_fn=lambda context, parameters: "the key", persist_result=True)
    def expensive():
        calls.append(1)
        return 5

    for _ in range(2):
        with harness() as h:
            assert expensive() == expensive() == 5
            assert [run.state_name for run in h.task_runs()] == ["Completed", "Cached"]
    assert len(calls) == 2


def test_says_what_it_does_not_have():
    with harness(), pytest.raises(ApiError, match="the test harness does not answer POST /work_pools/") as told:
        current_client().ask("POST", "/work_pools/", {"name": "x"})

    assert told.value.status == 501


def test_answers_to_the_name_that_ported_tests_use():
    with prefect_test_harness(server_startup_timeout=30) as h:
        assert inner(3) == 9
        h.assert_state(h.flow_run("inner"), "Completed")
    assert utilities.prefect_test_harness is prefect_test_harness
    assert utilities.disable_run_logger is disable_run_logger


def test_lets_functions_be_called_without_a_run():
    assert square.fn(3) == 9
    with disable_run_logger():
        assert third_time.fn([1, 1]) == 3


def test_is_a_fixture_too(pytester, monkeypatch):
    pytester.makeconftest('pytest_plugins = ["orchestrator.testing.plugin"]')
    pytester.makepyfile(
        """
        from orchestrator import flow

        @flow
        def main():
            return 1

        def test_main(harness):
            assert main() == 1
            harness.assert_state(harness.flow_run(), "Completed")
        """
    )

    pytester.runpytest_inprocess("-p", "no:django", "-p", "no:cacheprovider").assert_outcomes(passed=1)
