"""The rows of what a server costs by being there: start-up, idle and memory."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import psutil
import pytest

from benchmarks import processes
from benchmarks.row import Incorrect
from benchmarks.rows import ROWS, idle, memory, startup
from benchmarks.sides import Side

HERE = os.getpid()


class Server(Side):
    """A server that gives the answer that a path has in `answers`."""

    answers: dict = {}

    def ask(self, path, body=None):
        return self.answers[path]


def server(name="ours", **answers):
    side = Server(name, "orchestrator", "python", api_url="http://127.0.0.1:1/api")
    object.__setattr__(side, "answers", {"/" + path: answer for path, answer in answers.items()})
    return side


def service(every_seconds, seconds_ago, last_error):
    started = (datetime.now(UTC) - timedelta(seconds=seconds_ago)).isoformat() if seconds_ago is not None else None
    return {"name": "late", "every_seconds": every_seconds, "last_started_at": started, "last_error": last_error}


@pytest.mark.parametrize(
    ("services", "lives"),
    [
        ([(1, 31, None), (60, 62, None)], True),  # one without work rests for half a minute
        ([(60, None, None)], True),  # its first turn comes later
        ([(5, 45, None)], False),
        ([(5, None, None)], False),
        ([(5, 1, "no such table")], False),
    ],
)
def test_idle_counts_only_while_the_services_do_their_work(services, lives):
    side = server(health=True, services=[service(*each) for each in services])

    if lives:
        idle._check_that_it_lives(side)
    else:
        with pytest.raises(Incorrect, match="did not do its work"):
            idle._check_that_it_lives(side)


def test_idle_is_void_when_processes_came_or_went(monkeypatch):
    trees = iter([{1, 2}, {1, 3}])
    monkeypatch.setattr(idle, "SETTLING_SECONDS", 0.0)
    monkeypatch.setattr(idle, "pids", lambda root: next(trees))

    with pytest.raises(Incorrect, match="processes ended, or were started"):
        idle._percent_of_a_core(server("prefect", health=True), [HERE], seconds=0)


def test_idle_tells_the_share_of_a_core(monkeypatch):
    used = iter([10.0, 10.5])
    ticks = iter([100.0, 110.0])
    monkeypatch.setattr(idle, "SETTLING_SECONDS", 0.0)
    monkeypatch.setattr(idle, "cpu_seconds", lambda root: next(used))
    monkeypatch.setattr(idle, "pids", lambda root: {root})
    monkeypatch.setattr(idle.time, "perf_counter", lambda: next(ticks))

    assert idle._percent_of_a_core(server("prefect", health=True), [HERE], seconds=0) == 5.0


@pytest.mark.parametrize("missing", ["flow_runs", "task_runs"])
def test_memory_is_void_when_runs_were_not_recorded(missing, monkeypatch):
    counts = {"flow_runs/count": 10, "task_runs/count": 10, f"{missing}/count": 9}
    monkeypatch.setattr(memory, "_RECORDED_SECONDS", 0)

    with pytest.raises(Incorrect, match="COMPLETED, of 10 each"):
        memory._check(server(**counts), 10)


def test_memory_counts_when_all_runs_are_there():
    memory._check(server(**{"flow_runs/count": 10, "task_runs/count": 10}), 10)


def test_a_run_is_told_from_its_beginning_to_its_end():
    told = [request.partition(b"\r\n\r\n") for request in memory._life(server(), "a-run")]

    assert [head.split()[1] for head, _, _ in told] == [
        b"/api/flow_runs/a-run/set_state",
        b"/api/logs/",
        b"/api/flow_runs/a-run/set_state",
    ]
    assert b"RUNNING" in told[0][2]
    assert told[1][2].count(b"Poured cup") == memory.LINES
    assert b"COMPLETED" in told[2][2]


def test_nobody_is_ready_where_nobody_listens():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        side = replace(server(), api_url=f"http://127.0.0.1:{probe.getsockname()[1]}/api")

        assert not startup._is_ready(side, startup._Start())


def test_a_start_that_loses_what_was_there_is_void(monkeypatch):
    home = server("prefect", **{"flows/": {"id": "before"}, "flows/filter": []})
    monkeypatch.setattr(startup, "home_of", lambda side, database: _entered(home))
    monkeypatch.setattr(startup, "_ready", lambda side: _entered(SimpleNamespace(seconds=1.0)))

    with pytest.raises(Incorrect, match="after the second start"):
        ROWS["startup"].measure(home, 1)


def test_finds_the_process_that_serves_behind_one_that_holds_the_socket():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, descriptor = listener.getsockname()[1], listener.fileno()
        program = "import sys; print(1, flush=True); sys.stdin.read()"
        child = subprocess.Popen(
            [sys.executable, "-c", program], pass_fds=[descriptor], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            child.stdout.readline()

            assert processes.serving_on(port, below=HERE) == child.pid
        finally:
            child.communicate()
    with pytest.raises(LookupError, match=f"port {port}"):
        processes.serving_on(port, below=HERE)


def test_tells_what_a_process_has_in_memory():
    alone, together = processes.own_memory_mib(HERE), processes.memory_mib(HERE)

    assert 10 < alone <= together
    assert processes.memory_without_sharing_mib(HERE) > 0
    assert HERE in processes.pids(HERE)
    assert psutil.pid_exists(HERE)


class _entered:
    def __init__(self, value):
        self.value = value

    def __enter__(self):
        return self.value

    def __exit__(self, *exception):
        return None
