"""`orchestrator doctor` and `flow-run why` on real servers, sound ones and unsafe ones."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.cli.doctor.proxies import proxy_without_upgrade
from tests.waiting import eventually


def orchestrator(system, *words, **environment):
    """The exit code, and what was printed."""
    command = [sys.executable, "-m", "orchestrator", *words]
    done = subprocess.run(
        command, env={**system.environment, **environment}, capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout


def findings(system, level, **environment):
    """The exit code, and what was found at this level: check -> words."""
    code, said = orchestrator(system, "doctor", "-o", "json", **environment)
    return code, {one["check"]: one["found"] for one in json.loads(said) if one["level"] == level}


def test_finds_a_sound_server_sound(system):
    def sound():
        code, found = findings(system, "problem")
        return (code, found) == (0, {})

    assert eventually(sound, seconds=40)  # services and worker need a moment to begin


def test_notices_a_proxy_that_opens_no_websockets(system):
    with proxy_without_upgrade(system.url) as proxy:
        code, found = findings(system, "problem", ORCHESTRATOR_API_URL=f"{proxy}/api")

    assert code == 1
    assert list(found) == ["websockets"]


def test_says_what_is_wrong_with_an_open_server_without_services(fresh):
    fresh.start("--no-worker", "--no-services", "--host", "0.0.0.0")
    run_id = fresh.run("@flow\ndef main(): pass\n")

    code, found = findings(fresh, "problem")
    _, why = orchestrator(fresh, "flow-run", "why", run_id)
    fresh.stop()
    code_when_down, found_when_down = findings(fresh, "problem")

    assert code == 1
    assert {"access", "services"} <= found.keys()
    assert "No worker has ever served work pool default." in why
    assert "orchestrator worker start --pool default" in why
    assert code_when_down == 1
    assert list(found_when_down) == ["API"]
