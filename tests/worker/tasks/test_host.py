"""A whole worker whose flows wait for tasks that the same worker executes."""

import logging
import os
import threading

import pytest

from orchestrator.sdk.processes.child_processes import how_it_ended
from orchestrator.worker import kept_process
from orchestrator.worker.settings import worker_settings
from orchestrator.worker.tasks import host as task_host
from orchestrator.worker.tasks.host import TaskHost
from tests.waiting import eventually, is_alive

FLOW = """
from orchestrator import CeleryTaskRunner

@task
def square(number):
    return number * number, os.getpid()

@flow(task_runner=CeleryTaskRunner)
def main():
    results = square.map(range(5)).result()
    print("squares", [number for number, _ in results])
    print("processes", *{process_id for _, process_id in results}, os.getpid())
"""


def test_lets_a_flow_have_its_tasks_executed_by_its_own_worker(worker):
    worker.start("--concurrency", "1", "--tasks", "1")

    run_id = worker.run(FLOW)

    assert worker.released(run_id)[-1] == "Completed"
    printed = [log["message"] for log in worker.api.logs]
    assert "squares [0, 1, 4, 9, 16]" in printed
    (processes,) = [line.split()[1:] for line in printed if line.startswith("processes")]
    assert len(processes) == 2


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks at processes")
def test_leaves_no_process_behind(worker):
    worker.start("--concurrency", "1", "--tasks", "1")
    worker.released(worker.run(FLOW))
    hosts = task_hosts(worker)
    assert hosts

    worker.process.terminate()

    assert how_it_ended(worker.process.wait(15)) == "exit code 0"
    eventually(lambda: not any(is_alive(pid) for pid in hosts))


def test_starts_no_processes_for_tasks_before_there_are_any(worker):
    worker.start("--concurrency", "1")

    worker.released(worker.run("@flow\ndef main(): pass"))

    assert task_hosts(worker) == []


def task_hosts(worker):
    """The processes of the task worker that this worker started."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    parents[int(name)] = int(file.read().rpartition(")")[2].split()[1])
                with open(f"/proc/{name}/cmdline") as file:
                    if "orchestrator.worker.tasks" not in file.read():
                        del parents[int(name)]
            except OSError:
                continue
    return [pid for pid, parent in parents.items() if parent == worker.process.pid]


def test_tries_again_when_the_processes_cannot_be_started(monkeypatch, caplog):
    monkeypatch.setattr(kept_process, "_FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(TaskHost, "_wait_until_needed", lambda self: None)
    started, ended = threading.Event(), threading.Event()
    refused = []

    class Process:
        def __init__(self, *_, **__):
            if not refused:
                refused.append(True)
                raise OSError("no memory")
            started.set()

        def wait(self):
            ended.wait(5)
            return 0

        def tell(self, number):
            ended.set()

    monkeypatch.setattr(task_host, "Spawned", Process)
    host = TaskHost(worker_settings(pool="default", name="tested", environ={}))

    with caplog.at_level(logging.ERROR, "orchestrator.worker"):
        host.start()
        assert started.wait(5)
    host.stop(seconds_left=lambda: 5.0)

    assert "cannot be started (no memory)" in caplog.text
