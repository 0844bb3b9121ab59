"""The example of background tasks, as its reader would run it: a server, a process that serves, one that delays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.system import System

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "background_tasks.py"


@pytest.mark.e2e
def test_tells_every_user(tmp_path):
    system = System(tmp_path).start("--no-worker")
    environment = {**os.environ, "ORCHESTRATOR_HOME": str(tmp_path), "ORCHESTRATOR_API_URL": f"{system.url}/api"}
    command = [sys.executable, str(EXAMPLE)]
    serving = subprocess.Popen([*command, "serve"], env=environment)
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    finally:
        serving.terminate()
        serving.wait(20)
        system.stop()

    assert done.stdout.split("\n")[:3] == [
        f"{user}: {user}-640.png is ready" for user in ("ada", "grace", "katherine")
    ], done.stderr
    assert serving.returncode == 0
