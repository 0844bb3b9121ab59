"""`orchestrator server …` as a user meets it."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from orchestrator.cli.migrating import is_new, is_up_to_date
from tests.services import free_port
from tests.waiting import eventually


def orchestrator(system, *arguments, timeout=60):
    """Runs a command to its end; returns its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", *arguments],
        env=system.environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_starts_in_the_background_tells_its_status_and_stops(fresh):
    port = free_port()

    code, said = orchestrator(fresh, "server", "start", "--background", "--port", str(port), "--analytics-off")
    assert code == 0, said
    assert "There is no analytics" in said
    for line in (
        f"Dashboard   http://127.0.0.1:{port}",
        f"API         http://127.0.0.1:{port}/api",
        f"API docs    http://127.0.0.1:{port}/docs",
        f"prefect config set PREFECT_API_URL=http://127.0.0.1:{port}/api",
    ):
        assert line in said

    code, said = orchestrator(fresh, "server", "status")
    assert code == 0
    assert "Health   ok" in said

    code, said = orchestrator(fresh, "server", "stop")
    assert code == 0
    assert orchestrator(fresh, "server", "status")[0] == 3
    assert fresh.left_over() == []


def test_makes_its_database_and_finds_it_up_to_date_the_next_time(fresh, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(fresh.home))
    was_new = is_new(None)

    code, said = orchestrator(fresh, "server", "start", "--background", "--port", str(free_port()), "--no-worker")
    orchestrator(fresh, "server", "stop")

    assert code == 0, said
    assert was_new
    assert not is_new(None)
    assert is_up_to_date(None)


def test_says_that_the_port_is_in_use(fresh):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        code, said = orchestrator(fresh, "server", "start", "--port", str(port))

    assert code == 1
    assert said.strip() == f"Error: Port {port} on 127.0.0.1 is in use; choose another with --port."


def test_says_that_the_data_directory_cannot_be_written(fresh):
    fresh.environment["ORCHESTRATOR_HOME"] = "/proc/nowhere"

    code, said = orchestrator(fresh, "server", "start", "--port", "0")

    assert code == 1
    assert said.startswith("Error: The data directory /proc/nowhere cannot be written")
    assert said.count("\n") == 1


def test_refuses_a_second_server_on_the_same_data(fresh):
    fresh.start("--no-worker", "--no-services")

    code, said = orchestrator(fresh, "server", "start", "--port", "0")

    assert code == 1
    assert f"already runs from {fresh.home} at {fresh.url}" in said


def test_warns_when_others_can_reach_it_without_a_password(fresh):
    fresh.start("--no-worker", "--no-services", "--host", "0.0.0.0")

    assert "Warning: 0.0.0.0 can be reached from other machines" in fresh.output()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_everything_when_it_is_told_to(fresh, number):
    fresh.start()
    run_id = fresh.run("import subprocess\n@flow\ndef main():\n    subprocess.run(['sleep', '60'])\n")
    fresh.wait_for(run_id, "RUNNING")

    began = time.monotonic()
    fresh.supervisor.send_signal(number)
    fresh.supervisor.wait(20)

    assert time.monotonic() - began < 12
    assert fresh.left_over() == []


def test_stops_at_once_the_second_time(fresh):
    fresh.start()
    run_id = fresh.run("@flow\ndef main():\n    time.sleep(60)\n")
    fresh.wait_for(run_id, "RUNNING")

    began = time.monotonic()
    fresh.supervisor.send_signal(signal.SIGINT)
    time.sleep(0.3)
    fresh.supervisor.send_signal(signal.SIGINT)
    fresh.supervisor.wait(10)

    assert time.monotonic() - began < 3
    assert fresh.left_over() == []


def test_leaves_nothing_behind_when_the_supervisor_is_killed(fresh):
    fresh.start()
    run_id = fresh.run("import subprocess\n@flow\ndef main():\n    subprocess.run(['sleep', '60'])\n")
    fresh.wait_for(run_id, "RUNNING")

    os.kill(fresh.supervisor.pid, signal.SIGKILL)

    eventually(lambda: fresh.left_over() == [], seconds=10)


def test_a_run_cut_short_by_the_stop_is_executed_after_the_next_start(fresh):
    fresh.start()
    run_id = fresh.run("@flow\ndef main():\n    time.sleep(8)\n")
    fresh.wait_for(run_id, "RUNNING")
    fresh.supervisor.send_signal(signal.SIGTERM)
    fresh.supervisor.wait(20)

    fresh.start()

    fresh.wait_for(run_id, "COMPLETED", seconds=60)


def test_the_demo_runs_the_example_and_ends_with_its_success(fresh):
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator.cli.demo"],
        env={**fresh.environment, "PORT": str(free_port()), "ONCE": "1"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("Finished in state Completed()", "Task run 'mean-", "/runs/flow-run/", "is Completed"):
        assert words in done.stdout
    assert fresh.left_over() == []
