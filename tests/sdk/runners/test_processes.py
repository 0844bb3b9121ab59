"""ProcessPoolTaskRunner, with real processes."""

import os
import signal
import time

import pytest

from orchestrator import FlowTimeout, ProcessPoolTaskRunner, flow, get_run_logger, task, unmapped


@task
def process_id():
    return os.getpid()


def test_executes_in_other_processes():
    @flow(task_runner=ProcessPoolTaskRunner(max_workers=2))
    def look():
        return [process_id.submit().result() for _ in range(2)]

    assert os.getpid() not in look()


def test_takes_a_class_and_closures_and_maps():
    step = 5

    @task
    def add(number, more):
        return number + more + step

    @flow(task_runner=ProcessPoolTaskRunner)
    def sums():
        first = add.submit(1, 2)
        return add.map([first, 2, 3], unmapped(10)).result()

    assert sums() == [23, 17, 18]


def test_can_be_given_later():
    @flow
    def look():
        return process_id.submit().result()

    assert look.with_options(task_runner=ProcessPoolTaskRunner(max_workers=1))() != os.getpid()


def test_tries_again_when_its_process_is_killed(tmp_path, http):
    mark = tmp_path / "mark"

    @task(retries=1)
    def die():
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return "alive"

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def lives():
        return die.submit().result()

    assert lives() == "alive"
    assert http.api.task_states("die") == ["Pending", "AwaitingRetry", "Running", "Completed"]
    assert any("signal 9 (SIGKILL)" in message for message in http.api.messages())


def test_crashes_without_retries_and_goes_on():
    @task
    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def goes_on():
        state = die.submit(return_state=True)
        return state.name, state.message, process_id.submit().result()

    name, message, other = goes_on()

    assert (name, message) == ("Crashed", "The process that executed the task died: signal 9 (SIGKILL).")
    assert other != os.getpid()


def test_tells_each_state_once_and_logs(http):
    @task
    def talks():
        get_run_logger().info("from abroad")
        print("printed abroad")

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1), log_prints=True)
    def listens():
        talks.submit().wait()

    listens()

    assert http.api.task_states("talks") == ["Pending", "Running", "Completed"]
    assert {"from abroad", "printed abroad"} <= set(http.api.messages())


def test_does_not_send_what_depends_on_a_failure():
    @task
    def bad():
        raise ValueError("no")

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def chain():
        return process_id.submit(wait_for=[bad.submit()], return_state=True).name

    assert chain() == "NotReady"


def test_ends_its_processes_when_the_flow_takes_too_long(tmp_path):
    mark = tmp_path / "pid"

    @task
    def sleep():
        mark.write_text(str(os.getpid()))
        time.sleep(60)

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1), timeout_seconds=1.5)
    def impatient():
        sleep.submit().wait()

    with pytest.raises(FlowTimeout):
        impatient()

    for _ in range(100):
        if not is_alive(int(mark.read_text())):
            break
        time.sleep(0.02)
    assert not is_alive(int(mark.read_text()))


def test_drops_what_had_not_begun_when_the_flow_fails():
    futures = []

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def fails():
        futures.extend(process_id.submit() for _ in range(50))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()

    assert {future.state.name for future in futures} <= {"Completed", "Cancelled"}
    assert futures[-1].state.name == "Cancelled"


def test_repeats_no_finished_task_when_the_flow_is_tried_again():
    attempts = []

    @task
    def count(number):
        return number, os.getpid()

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1), retries=1)
    def fails_once():
        attempts.append(count.map([1, 2]).result())
        if len(attempts) == 1:
            raise ValueError("once")

    fails_once()

    assert attempts[0] == attempts[1]


def test_refuses_no_processes_at_all():
    with pytest.raises(ValueError, match="at least one process"):
        ProcessPoolTaskRunner(max_workers=0)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
