"""`orchestrator server database …` on a database of the tests' own, of both kinds."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def run(backend, tmp_path_factory):
    """Runs `orchestrator server database …`, or another program of this Python, beside one database."""
    home = tmp_path_factory.mktemp("home")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")}
    environment |= {"ORCHESTRATOR_HOME": str(home), "DJANGO_SETTINGS_MODULE": "orchestrator.settings", **backend}

    def run(*words, code=0, program=("orchestrator", "server", "database")):
        command = [sys.executable, "-m", *program, *words]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    run.home = home
    return run


def shell(run, code):
    return run("shell", "--no-imports", "-c", code, program=("django",)).strip()


def test_brings_a_database_up_to_date_when_somebody_agrees(run):
    planned = run("upgrade", "--dry-run")

    assert "Create model FlowRun" in planned
    assert "add --yes" in run("upgrade", code=2)
    assert "Applied" in run("upgrade", "--yes")


def test_goes_back_and_forth_and_keeps_what_was_there_before(run):
    shell(run, "from runs.models import Flow; Flow.objects.create(name='kept')")

    assert "Undid" in run("downgrade", "deployments.0005", "--yes")
    last = json.loads(run("downgrade", "-1", "--yes", "-o", "json").partition("\nUndid")[0])["steps"]
    applied = run("upgrade", "--yes")

    assert last[0]["name"] in applied
    assert shell(run, "from runs.models import Flow; print(Flow.objects.get().name)") == "kept"


def test_empties_a_database_that_no_server_uses(run):
    shell(run, "from orchestrator.web.pulse import beat; import uuid; beat(uuid.uuid4())")
    refused = run("reset", "--yes", code=1)
    shell(run, "from orchestrator.web.models import WebPulse; WebPulse.objects.all().delete()")

    assert "Stop every server first" in refused
    assert "Emptied" in run("reset", "--yes")
    left = "from runs.models import Flow; from deployments.models import WorkPool;"
    assert shell(run, f"{left} print(Flow.objects.count(), WorkPool.objects.get().name)") == "0 default"
