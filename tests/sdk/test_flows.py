from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time

import pytest

from orchestrator import (
    Cancelled,
    Completed,
    Failed,
    FailedRun,
    FlowTimeout,
    MissingContext,
    ParameterBindError,
    flow,
    get_run_logger,
    tags,
    task,
)
from orchestrator.sdk.client import use_client
from orchestrator.sdk.errors import RefusedRun, ReservedParameter, RunNameError


@task
def one() -> int:
    return 1


@task
def broken() -> None:
    raise ValueError("bad task")


def test_returns_the_result(api):
    @flow
    def double(x, y=2):
        return x * y

    result = double(21)

    assert result == 42
    assert api.state_names() == ["Pending", "Running", "Completed"]
    assert api.the_run()["parameters"] == {"x": 21, "y": 2}


def test_runs_without_a_server(capsys):
    @flow
    def alone():
        return one()

    result = alone()

    said = capsys.readouterr().err
    assert result == 1
    assert "ORCHESTRATOR_API_URL is not set" in said
    assert "- Finished in state Completed()" in said
    assert "Task run 'one-" in said


def test_names_the_flow_after_the_function():
    @flow
    def my_first_flow():
        """What it does."""

    assert my_first_flow.name == "my-first-flow"
    assert my_first_flow.description == "What it does."
    assert my_first_flow.with_options(name="other").name == "other"


def test_raises_what_the_function_raises(api):
    @flow
    def failing():
        broken()

    with pytest.raises(ValueError, match="bad task"):
        failing()

    state = api.the_run()["state"]
    assert (state["type"], state["name"]) == ("FAILED", "Failed")
    assert "bad task" in state["message"]
    assert "ValueError" in "\n".join(api.messages())


def test_gives_the_state_on_request(api):
    @flow
    def failing():
        raise ValueError("no")

    state = failing(return_state=True)

    assert state.is_failed()
    assert isinstance(state.result(raise_on_failure=False), ValueError)
    assert state.state_details.flow_run_id == api.the_run()["id"]


# what the flow returns -> type, name and message of its final state
RETURNED = [
    (lambda: Completed(message="custom", name="AllGood"), ("COMPLETED", "AllGood", "custom")),
    (lambda: Failed(message="I say so"), ("FAILED", "Failed", "I say so")),
    (lambda: Failed(message=ValueError("an error")), ("FAILED", "Failed", "an error")),
    (lambda: Cancelled(message="enough"), ("CANCELLED", "Cancelled", "enough")),
    (lambda: broken.submit(), ("FAILED", "Failed", "Task run failed with ValueError: bad task")),
    (lambda: broken(return_state=True), ("FAILED", "Failed", "Task run failed with ValueError: bad task")),
    # one of two is not good enough
    (lambda: [one.submit(), broken.submit()], ("FAILED", "Failed", "1 of 2 returned states did not complete.")),
    (lambda: [one.submit(), one.submit()], ("COMPLETED", "Completed", "All returned states completed.")),
    # a failed task that nobody returned does not fail the flow
    (lambda: (broken.submit().wait(), 5)[1], ("COMPLETED", "Completed", None)),
]


@pytest.mark.parametrize(("make", "expected"), RETURNED)
def test_ends_as_the_returned_value_says(api, make, expected):
    @flow
    def returning():
        return make()

    returning(return_state=True)

    state = api.the_run()["state"]
    assert (state["type"], state["name"], state["message"]) == expected


def test_raises_when_a_failed_state_is_returned():
    @flow
    def returning():
        return Failed(message="I say so")

    with pytest.raises(FailedRun, match="I say so"):
        returning()


def test_tries_again_when_the_server_says_so(api):
    tries = []

    @flow(retries=2, retry_delay_seconds=0.05)
    def flaky():
        tries.append(1)
        if len(tries) < 3:
            raise RuntimeError("not yet")
        return "done"

    assert flaky() == "done"

    names = api.state_names()
    assert names == ["Pending", "Running", "AwaitingRetry", "Retrying", "AwaitingRetry", "Retrying", "Completed"]
    assert api.the_run()["run_count"] == 3


@pytest.mark.parametrize("served", [True, False])
def test_waits_the_whole_delay_before_a_retry(api, served):
    began = []

    @flow(retries=1, retry_delay_seconds=0.4)
    def flaky():
        began.append(time.monotonic())
        if len(began) == 1:
            raise ValueError("first")

    with use_client(api.client() if served else None):
        flaky()

    assert 0.4 <= began[1] - began[0] < 0.9


def test_tries_again_without_a_server():
    tries = []

    @flow(retries=1, retry_delay_seconds=0.1)
    def flaky():
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise RuntimeError("not yet")
        return "done"

    assert flaky() == "done"
    assert tries[1] - tries[0] >= 0.1


def test_fails_when_the_retries_are_used_up():
    tries = []

    @flow(retries=1)
    def hopeless():
        tries.append(1)
        raise RuntimeError("never")

    with pytest.raises(RuntimeError, match="never"):
        hopeless()
    assert len(tries) == 2


def test_does_not_wait_longer_than_its_time_limit(api):
    @flow(timeout_seconds=0.2)
    def slow():
        time.sleep(5)

    began = time.monotonic()
    state = slow(return_state=True)

    assert time.monotonic() - began < 1
    assert (state.type.value, state.name) == ("FAILED", "TimedOut")
    assert "0.2 second" in api.the_run()["state"]["message"]
    with pytest.raises(FlowTimeout):
        state.result()


def test_gives_up_the_tasks_of_a_flow_that_timed_out(api):
    @task
    def long():
        time.sleep(5)

    @flow(timeout_seconds=0.3)
    def slow():
        long.submit()
        long()

    began = time.monotonic()
    slow(return_state=True)

    assert time.monotonic() - began < 1.5
    assert api.task_states("long").count("Crashed") == 2


def test_stops_the_code_that_exceeded_the_limit():
    steps = []

    @flow(timeout_seconds=0.2)
    def busy():
        for step in range(1000):
            steps.append(step)
            time.sleep(0.01)

    busy(return_state=True)
    time.sleep(0.1)
    reached = len(steps)
    time.sleep(0.2)

    assert len(steps) == reached < 100


def test_waits_for_submitted_tasks_that_nobody_looked_at(api):
    @task
    def late():
        time.sleep(0.2)

    @flow
    def careless():
        late.submit()

    careless()

    assert api.task_states("late") == ["Pending", "Running", "Completed"]


def test_drops_tasks_that_had_not_begun_when_the_flow_failed(api):
    begun = threading.Event()

    @task
    def first():
        begun.set()
        time.sleep(0.2)

    @flow
    def failing():
        upstream = first.submit()
        begun.wait()
        for _ in range(3):
            one.submit(wait_for=[upstream])
        raise ValueError("early")

    with pytest.raises(ValueError, match="early"):
        failing()

    assert api.task_states("first")[-1] == "Completed"
    assert api.task_states("one") == ["Pending"] * 3 + ["Cancelled"] * 3


def test_records_a_crash_and_lets_it_through(api):
    @flow
    def leaving():
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        leaving()

    state = api.the_run()["state"]
    assert state["type"] == "CRASHED"
    assert "SystemExit" in state["message"]


# what the script is doing -> the flow's options, its code, and the states before the crash
TERMINATED = {
    "sleeping": ("", "def f(): time.sleep(20)", ["Running"]),
    # its code executes in another thread
    "limited": ("timeout_seconds=15", "def f(): time.sleep(20)", ["Running"]),
    "async": ("", "async def f(): await asyncio.sleep(20)", ["Running"]),
    "submitted": ("", "def f(): task(lambda: time.sleep(20)).submit().result()", ["Running"]),
    "retrying": ("retries=1, retry_delay_seconds=20", "def f(): 1 / 0", ["Running", "AwaitingRetry"]),
}


@pytest.mark.parametrize("doing", TERMINATED)
def test_records_a_crash_when_its_script_is_terminated(http, doing):
    options, code, states = TERMINATED[doing]
    call = "asyncio.run(f())" if doing == "async" else "f()"
    script = f"import asyncio, time\nfrom orchestrator import flow, task\n@flow({options})\n{code}\n{call}"

    with subprocess.Popen([sys.executable, "-c", script]) as process:
        deadline = time.monotonic() + 15
        while not (http.api.flow_runs and http.api.state_names()[-1] == states[-1]) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.2)
        process.terminate()

    assert process.returncode == 143
    assert http.api.state_names() == ["Pending", *states, "Crashed"]


def test_leaves_the_signals_of_the_program_alone(api):
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    during = []

    @flow
    def looking():
        during.append(signal.getsignal(signal.SIGTERM))

    try:
        looking()
    finally:
        after = signal.signal(signal.SIGTERM, before)

    assert during == [after] == [signal.SIG_IGN]


def test_fills_its_run_name_from_the_parameters(api):
    @flow(flow_run_name="load-{table}-{day}")
    def load(table, day=1):
        return None

    load("users")

    assert api.the_run()["name"] == "load-users-1"


def test_asks_a_function_for_its_run_name(api):
    @flow(flow_run_name=lambda parameters: f"for {parameters['who']}")
    def greet(who):
        return None

    greet("Ada")

    assert api.the_run()["name"] == "for Ada"


def test_refuses_a_run_name_with_an_unknown_parameter():
    @flow(flow_run_name="load-{table}")
    def load():
        return None

    with pytest.raises(RunNameError, match="table"):
        load()


# positional arguments, keyword arguments, what the message says
MISFITS = [
    ((), {}, "missing a required argument: 'x'"),
    ((1, 2, 3), {}, "too many positional arguments"),
    ((1,), {"z": 1}, "unexpected keyword argument 'z'"),
]


@pytest.mark.parametrize(("positional", "keywords", "said"), MISFITS)
def test_refuses_arguments_that_do_not_fit(positional, keywords, said):
    @flow
    def strict(x, y=1):
        return None

    with pytest.raises(ParameterBindError, match=said):
        strict(*positional, **keywords)


def test_refuses_a_reserved_parameter_name():
    with pytest.raises(ReservedParameter, match="wait_for"):

        @flow
        def wrong(wait_for):
            return None


def test_takes_its_instance_when_it_is_a_method():
    class Report:
        factor = 3

        @flow
        def scaled(self, number):
            return self.factor * number

        @classmethod
        @flow
        def of_class(cls, number):
            return cls.factor * number

        @staticmethod
        @flow
        def alone(number):
            return number

        @flow
        async def later(self, number):
            return self.factor * number

    results = [Report().scaled(2), Report.of_class(3), Report.alone(4), asyncio.run(Report().later(5))]

    assert results == [6, 9, 4, 15]


def test_passes_rest_arguments_on():
    @flow
    def rest(a, *more, key, **others):
        return a, more, key, others

    assert rest(1, 2, 3, key=4, other=5) == (1, (2, 3), 4, {"other": 5})


def test_logs_what_is_printed(api):
    @task
    def speaks():
        print("from the task", 1)

    @flow(log_prints=True)
    def speaking():
        print("100% sure")
        speaks()

    speaking()

    by_message = {log["message"]: log for log in api.logs}
    assert by_message["100% sure"]["name"] == "orchestrator.flow_runs"
    assert by_message["from the task 1"]["name"] == "orchestrator.task_runs"
    assert by_message["from the task 1"]["task_run_id"] is not None


def test_leaves_print_alone_by_default(api, capsys):
    @flow
    def quiet():
        print("plain")

    quiet()

    assert capsys.readouterr().out == "plain\n"
    assert "plain" not in api.messages()


def test_logs_with_the_ids_of_the_run(api):
    @flow
    def logging_flow():
        get_run_logger().warning("careful: %s", "hot")

    logging_flow()

    (log,) = [log for log in api.logs if log["message"] == "careful: hot"]
    assert log["flow_run_id"] == api.the_run()["id"]
    assert log["level"] == 30
    assert "Finished in state Completed()" in api.messages()


def test_has_no_run_logger_outside_of_runs():
    with pytest.raises(MissingContext):
        get_run_logger()


def test_tells_the_page_of_the_run(api, capsys):
    @flow
    def shown():
        return None

    shown()

    assert f"http://ui.test/runs/flow-run/{api.the_run()['id']}" in capsys.readouterr().err


def test_takes_tags_from_the_context(api):
    @flow(tags=["own"])
    def tagged():
        one()

    with tags("outer", "own"):
        tagged()

    assert api.the_run()["tags"] == ["outer", "own"]
    assert api.last_event("one")["payload"]["task_run"]["tags"] == ["outer", "own"]


def test_runs_an_async_flow(api):
    @task
    async def aone():
        await asyncio.sleep(0.01)
        return 1

    @flow
    async def main():
        return sum(await asyncio.gather(aone(), aone())) + one()

    assert asyncio.run(main()) == 3
    assert api.state_names() == ["Pending", "Running", "Completed"]
    assert sorted(api.task_states("aone")) == sorted(["Pending", "Running", "Completed"] * 2)


def test_limits_the_time_of_an_async_flow(api):
    @flow(timeout_seconds=0.1)
    async def slow():
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            await asyncio.sleep(0.5)  # an unwilling coroutine

    async def main():
        began = time.monotonic()
        state = await slow(return_state=True)
        return state, time.monotonic() - began

    state, seconds = asyncio.run(main())

    assert state.name == "TimedOut"
    assert seconds < 0.4


def test_tries_an_async_flow_again(api):
    tries = []

    @flow(retries=1)
    async def flaky():
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("once")
        return "ok"

    assert asyncio.run(flaky()) == "ok"
    assert api.state_names()[2:] == ["AwaitingRetry", "Retrying", "Completed"]


def test_runs_a_sync_flow_inside_an_event_loop():
    @flow
    def plain():
        return one.submit().result()

    async def notebook():
        return plain()

    assert asyncio.run(notebook()) == 1


def test_waits_when_the_server_says_wait(api):
    api.plan("Running", {"status": "WAIT", "state": None, "details": {"delay_seconds": 0, "reason": "early"}})

    @flow
    def patient():
        return 1

    assert patient() == 1
    assert api.state_names() == ["Pending", "Running", "Completed"]


def test_does_not_run_when_the_server_aborts(api):
    api.plan("Running", {"status": "ABORT", "details": {"reason": "somebody else has it"}})
    ran = []

    @flow
    def refused():
        ran.append(1)

    with pytest.raises(RefusedRun, match="somebody else has it"):
        refused()
    assert ran == []


def test_ends_as_cancelled_when_it_was_being_cancelled(api):
    api.plan("Completed", {"status": "REJECT", "state": {"type": "CANCELLING", "name": "Cancelling"}})

    @flow
    def unaware():
        return 1

    state = unaware(return_state=True)

    assert state.is_cancelled()
    assert api.state_names()[-1] == "Cancelled"


def test_takes_a_stored_state_as_accepted_when_the_answer_was_lost(api):
    answered = api.handle
    lost = []

    def losing(request):
        answer = answered(request)
        if b'"type":"RUNNING"' in (request.body or b"") and not lost:
            lost.append(1)
            raise ConnectionResetError("gone")
        return answer

    api.handle = losing

    @flow
    def lucky():
        return 1

    assert lucky() == 1
    assert api.state_names() == ["Pending", "Running", "Completed"]
