"""Background tasks, served by real processes against a real server."""

from __future__ import annotations

import os
import signal
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.sdk.api.client import use_client
from orchestrator.sdk.errors import RunError
from orchestrator.sdk.tasks.loading import load_tasks
from tests.waiting import eventually

CODE = """
import os, time
from orchestrator import task

@task(log_prints=True)
def double(x):
    print("doubling", x)
    return 2 * x

@task(retries=1, retry_delay_seconds=0)
def flaky(note):
    with open(note, "a") as file:
        file.write("tried\\n")
    if len(open(note).readlines()) < 2:
        raise ValueError("first")
    return "second"

@task
def long(note, seconds):
    with open(note, "a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(seconds)
    return "done"

@task
def refuse():
    raise ValueError("on purpose")
"""


@pytest.fixture
def bench(system, tmp_path, monkeypatch) -> Iterator[Any]:
    """The tasks, in a file of this test's own, and how to serve them."""
    storage = str(tmp_path / "storage")
    file = tmp_path / f"tasks_{tmp_path.name.replace('-', '_')}.py"
    # Each test's tasks have keys of their own.
    file.write_text(textwrap.dedent(CODE).replace("import os, time", f"import os, time\nOWN = {tmp_path.name!r}"))
    file.write_text(file.read_text().replace("):\n", f"):\n    {tmp_path.name!r}\n"))
    monkeypatch.setenv("ORCHESTRATOR_LOCAL_STORAGE_PATH", storage)
    environment = {"ORCHESTRATOR_API_URL": f"{system.url}/api", "ORCHESTRATOR_LOCAL_STORAGE_PATH": storage}
    tasks = SimpleNamespace(**{task.name: task for task in load_tasks([str(file)])})
    started: list[Any] = []

    def serve(*options: str) -> Any:
        started.append(system.command("task", "serve", str(file), *options, environment=environment))
        return started[-1]

    with use_client(system.client):
        yield SimpleNamespace(
            tasks=tasks, serve=serve, file=file, note=tmp_path / "note", environment=environment, system=system
        )
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def lines(note: Path) -> list[str]:
    return note.read_text().splitlines() if note.exists() else []


def test_executes_what_was_delayed_before_and_after_somebody_serves_it(bench):
    early = bench.tasks.double.delay(1)
    assert early.state.name == "Scheduled"

    bench.serve()
    late = [bench.tasks.double.delay(number) for number in (2, 3)]

    assert early.result(timeout=30) == 2
    assert [future.result(timeout=30) for future in late] == [4, 6]
    filters = {"logs": {"task_run_id": {"any_": [early.task_run_id]}}}
    messages = [log["message"] for log in bench.system.ask("POST", "/logs/filter", filters)]
    assert "doubling 1" in messages
    states = bench.system.ask("GET", f"/task_run_states/?task_run_id={early.task_run_id}")
    assert [state["name"] for state in states] == ["Scheduled", "Pending", "Running", "Completed"]


def test_tries_again_and_tells_of_failures(bench):
    bench.serve()

    assert bench.tasks.flaky.delay(str(bench.note)).result(timeout=30) == "second"
    with pytest.raises((RunError, ValueError), match="on purpose"):
        bench.tasks.refuse.delay().result(timeout=30)


def test_takes_futures_as_arguments(bench):
    bench.serve()
    first = bench.tasks.double.delay(4)

    assert bench.tasks.double.delay(first).result(timeout=30) == 16


def test_begins_again_elsewhere_what_a_killed_process_executed(bench):
    first = bench.serve()
    future = bench.tasks.long.delay(str(bench.note), 2.0)
    eventually(lambda: lines(bench.note), seconds=30)

    first.kill()
    second = bench.serve()

    assert future.result(timeout=60) == "done"
    assert lines(bench.note) == [str(first.pid), str(second.pid)]


def test_hands_back_what_does_not_end_in_time_when_it_is_stopped(bench):
    first = bench.serve("--drain-seconds", "0.2")
    future = bench.tasks.long.delay(str(bench.note), 3.0)
    eventually(lambda: lines(bench.note), seconds=30)

    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0
    second = bench.serve()

    assert future.result(timeout=30) == "done"
    assert lines(bench.note) == [str(first.pid), str(second.pid)]


def test_executes_nothing_twice_while_the_server_is_away(bench):
    bench.serve()
    bench.serve()
    future = bench.tasks.long.delay(str(bench.note), 4.0)
    eventually(lambda: lines(bench.note), seconds=30)

    bench.system.kill("web")

    assert future.result(timeout=60) == "done"
    assert len(lines(bench.note)) == 1


def test_is_served_by_a_worker_too(bench):
    worker = bench.system.command(
        "worker",
        "start",
        "--pool",
        "default",
        "--tasks",
        "0",
        "--serve",
        str(bench.file),
        environment=bench.environment,
    )
    try:
        assert bench.tasks.double.delay(21).result(timeout=60) == 42

        served = [pid for pid in children_of(worker.pid) if "served_tasks" in command_of(pid)]
        os.kill(served[0], signal.SIGKILL)

        assert bench.tasks.double.delay(4).result(timeout=60) == 8
        bench.tasks.long.delay(str(bench.note), 100.0)
        eventually(lambda: lines(bench.note), seconds=30)
    finally:
        worker.send_signal(signal.SIGQUIT)  # at once, also for tasks that take long
        worker.wait(40)
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in served))


def children_of(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
