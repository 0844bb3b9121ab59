"""Submitted tasks on real Celery workers, with the embedded broker; processes and hosts are killed."""

import os
import signal
import subprocess
import sys

import pytest

from orchestrator import CeleryTaskRunner, flow, task, unmapped
from orchestrator.broker.letters import connect
from orchestrator.broker.queues import waiting_messages
from orchestrator.broker.submissions import Submitter
from orchestrator.sdk.api.client import use_client
from orchestrator.sdk.errors import CrashedRun, FlowTimeout, SettingError
from orchestrator.sdk.runners import celery_line, flights
from orchestrator.sdk.runners.celery_workers import broker_url_here, signer_here
from tests.waiting import eventually


@task
def process_id():
    return os.getpid()


class Host:
    """A worker that executes tasks alone."""

    def __init__(self, home, *options):
        self.log = (home / "tasks.log").open("a")
        self.path = home / "tasks.log"
        command = [sys.executable, "-m", "orchestrator", "worker", "start", "--only-tasks", *options]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, start_new_session=True)
        if "ORCHESTRATOR_BROKER_URL" not in os.environ:
            eventually((home / "broker.db").exists)  # without one a flow is told that there is no broker

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        self.log.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORCHESTRATOR_HOME", str(home))
        for name in ("ORCHESTRATOR_BROKER_URL", "ORCHESTRATOR_SIGNING_KEY", "ORCHESTRATOR_API_URL"):
            patch.delenv(name, raising=False)
        yield home


@pytest.fixture(scope="module")
def host(home):
    host = Host(home, "--tasks", "2")
    yield host
    host.close()


@pytest.fixture(autouse=True)
def no_server():
    with use_client(None):
        yield


def test_executes_tasks_in_the_processes_of_the_worker(host):
    step = 5

    @task
    def add(number, more):
        return number + more + step

    @flow(task_runner=CeleryTaskRunner)
    def sums():
        first = add.submit(1, 2)
        return add.map([first, *range(50)], unmapped(10)).result(), process_id.submit().result()

    numbers, other = sums()

    assert numbers == [23, *range(15, 65)]
    assert other not in {os.getpid(), host.process.pid}


def test_brings_errors_back(host):
    @task(retries=1)
    def bad():
        raise ValueError("too small")

    @flow(task_runner=CeleryTaskRunner())
    def fails():
        bad.submit().result()

    with pytest.raises(ValueError, match="too small"):
        fails()


def test_tries_again_when_the_process_of_a_task_is_killed(host, tmp_path):
    mark = tmp_path / "mark"

    @task(retries=1)
    def die():
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return "alive"

    @task
    def die_for_good():
        os.kill(os.getpid(), signal.SIGKILL)

    @flow(task_runner=CeleryTaskRunner())
    def lives():
        crashed = die_for_good.submit(return_state=True)
        return die.submit().result(), crashed.name, crashed.message

    assert lives() == ("alive", "Crashed", "The process that executed the task died: signal 9 (SIGKILL).")


def test_executes_each_once_of_those_that_go_together_although_one_dies_and_one_takes_long(host, tmp_path, monkeypatch):
    monkeypatch.setattr(celery_line, "QUICK_SECONDS", 5.0)  # a machine with much to do
    sizes = []
    plain = Submitter.submit
    monkeypatch.setattr(
        Submitter, "submit", lambda self, runs, **how: (sizes.append(len(runs)), plain(self, runs, **how))[1]
    )

    @task(retries=1)
    def quick(number):
        with (tmp_path / str(number)).open("a") as mark:
            mark.write("x")
        if number == 120 and (tmp_path / "120").read_text() == "x":
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 180:
            import time

            time.sleep(1)
        return number

    @flow(task_runner=CeleryTaskRunner())
    def many():
        return quick.map(range(300)).result()

    assert many() == list(range(300))
    executed = {number: (tmp_path / str(number)).read_text() for number in range(300)}
    assert executed == {number: "xx" if number == 120 else "x" for number in range(300)}
    assert max(sizes) > 1


def test_stops_tasks_when_the_flow_takes_too_long(host, tmp_path):
    mark = tmp_path / "mark"

    @task
    def stubborn():
        import time

        try:
            mark.write_text("begun")
            time.sleep(60)
        finally:
            mark.write_text("stopped")

    @flow(task_runner=CeleryTaskRunner(), timeout_seconds=4.0)
    def impatient():
        stubborn.submit().wait()

    with pytest.raises(FlowTimeout):
        impatient()

    eventually(lambda: mark.read_text() == "stopped")


def test_executes_nothing_that_is_signed_with_another_key(host, tmp_path, monkeypatch):
    mark = tmp_path / "mark"
    monkeypatch.setenv("ORCHESTRATOR_SIGNING_KEY", "of a stranger")
    monkeypatch.setattr(flights, "UNTAKEN_SECONDS", 0.2)
    monkeypatch.setattr(flights, "MOST_RESENDS", 0)

    @task
    def intrude():
        mark.touch()

    @flow(task_runner=CeleryTaskRunner())
    def intrudes():
        return intrude.submit().result()

    with pytest.raises(CrashedRun, match="ORCHESTRATOR_SIGNING_KEY"):
        intrudes()

    assert not mark.exists()


def test_executes_nothing_for_a_flow_whose_process_is_gone(home, tmp_path):
    mark = tmp_path / "mark"
    script = tmp_path / "flow.py"
    script.write_text(f"""
from pathlib import Path
from orchestrator import CeleryTaskRunner, flow, task

@task
def step(number):
    Path({str(mark)!r}).touch()

@flow(task_runner=CeleryTaskRunner("orphans"))
def main():
    step.map(range(5)).result()

main()
""")
    author = subprocess.Popen([sys.executable, str(script)], stderr=(tmp_path / "log").open("w"))
    with connect(broker_url_here()) as connection:
        eventually(lambda: waiting_messages(connection, "tasks.orphans") == 5, seconds=20)
    author.kill()
    author.wait()

    other = Host(home, "--pool", "orphans", "--tasks", "1")

    try:
        eventually(lambda: other.path.read_text().count("is unawaited: it is not executed") == 5, seconds=20)
        assert not mark.exists()
    finally:
        other.close()


def test_does_not_execute_again_what_somebody_puts_on_the_broker_again(host, tmp_path, monkeypatch):
    sent = []
    plain = Submitter._send
    monkeypatch.setattr(
        Submitter, "_send", lambda self, *told, **how: (sent.append(told), plain(self, *told, **how))[1]
    )
    mark = tmp_path / "mark"

    @task
    def count():
        with mark.open("a") as file:
            file.write("x")

    @task
    def replay():
        replayer = Submitter(broker_url_here(), signer_here())
        name, submission = sent[0]
        plain(replayer, name, submission, queue="tasks.default")
        replayer.close()

    @flow(task_runner=CeleryTaskRunner())
    def counts():
        count.submit().result()
        replay()
        return [process_id.submit() for _ in range(4)][-1].result()

    counts()

    assert mark.read_text() == "x"


def test_opens_nothing_that_a_stranger_put_on_the_broker(host, home):
    submitter = Submitter(broker_url_here(), signer_here())
    submitter._send(
        "orchestrator.run_task",
        {"key": "x", "attempt": 1, "reply_to": "replies.x", "parcel": "!", "signature": "0"},
        queue="tasks.default",
    )
    submitter.close()

    eventually(lambda: "Task run x was not executed" in host.path.read_text())


def test_begins_a_task_elsewhere_when_its_host_is_killed(home, tmp_path, monkeypatch):
    monkeypatch.setattr(flights, "SILENT_SECONDS", 3.0)
    mark = tmp_path / "mark"
    first = Host(home, "--pool", "other", "--tasks", "1")
    second = []

    @task(retries=1)
    def survive():
        import time

        if mark.exists():
            return "survived"
        mark.write_text(str(os.getppid()))
        time.sleep(60)
        return None

    @flow(task_runner=CeleryTaskRunner("other"))
    def survives():
        future = survive.submit()
        eventually(mark.exists, seconds=15)
        eventually(lambda: any(flight.heard_at for flight in _flights()), seconds=15)
        first.kill()
        second.append(Host(home, "--pool", "other", "--tasks", "1"))
        return future.result(timeout=60)

    try:
        assert survives() == "survived"
    finally:
        first.close()
        for each in second:
            each.close()


def test_hands_a_task_back_when_the_worker_is_stopped_at_once(home, tmp_path):
    mark = tmp_path / "mark"
    hosts = [Host(home, "--pool", "third", "--tasks", "1")]

    @task
    def go_on():
        import time

        if mark.exists():
            return "went on"
        mark.touch()
        time.sleep(60)
        return None

    @flow(task_runner=CeleryTaskRunner("third"))
    def goes_on():
        future = go_on.submit()
        eventually(mark.exists)
        hosts[0].process.send_signal(signal.SIGQUIT)
        hosts[0].process.wait(15)
        hosts.append(Host(home, "--pool", "third", "--tasks", "1"))
        return future.result(timeout=60)

    try:
        assert goes_on() == "went on"
    finally:
        for each in hosts:
            each.close()


def test_names_what_is_missing_without_a_broker(tmp_path, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(tmp_path / "empty"))

    @flow(task_runner=CeleryTaskRunner)
    def lost():
        process_id.submit()

    with pytest.raises(SettingError, match="ORCHESTRATOR_BROKER_URL"):
        lost()


def _flights():
    import gc

    lines = [each for each in gc.get_objects() if type(each) is celery_line.CeleryLine]
    return [flight for line in lines for flight in list(line._flights.values())]
