"""The services of a running server, from the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

from tests.waiting import eventually


def orchestrator(system, *arguments):
    command = [sys.executable, "-m", "orchestrator", *arguments]
    return subprocess.run(command, env=system.environment, capture_output=True, text=True, timeout=60, check=False)


def listed(system):
    rows = json.loads(orchestrator(system, "server", "services", "ls", "--output", "json").stdout)
    return {row["name"]: row for row in rows}


def test_shows_how_services_do_and_runs_one_beside_the_server(fresh):
    fresh.start("--no-worker", "--except", "late-runs")
    assert "no late_runs" in fresh.output()
    eventually(lambda: listed(fresh)["pause_expirations"]["condition"] == "ok", seconds=30)

    by_hand = fresh.command("server", "services", "run", "late-runs", stdout=subprocess.PIPE, text=True)
    said = [by_hand.stdout.readline(), by_hand.stdout.readline()]
    by_hand.send_signal(signal.SIGTERM)

    assert by_hand.wait(15) == 0
    assert "runs every 5 s" in said[0]
    assert "late_runs: 0 rows in" in said[1]
    assert listed(fresh)["late_runs"]["last_started_at"] is not None
    assert not listed(fresh)["late_runs"]["enabled"]
