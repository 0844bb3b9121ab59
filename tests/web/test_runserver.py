"""Django's server for development, which Daphne takes over so that it serves websockets."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = (
    "import sys; sys.argv = ['manage.py', *sys.argv[1:]]; import django; django.setup(); print('daphne' in sys.modules)"
)


@pytest.mark.parametrize(("command", "has_daphne"), [("runserver", "True"), ("migrate", "False")])
def test_is_paid_for_by_itself_alone(tmp_path, command, has_daphne):
    environment = {
        **os.environ,
        "ORCHESTRATOR_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "orchestrator.settings",
    }

    said = subprocess.run(
        [sys.executable, "-c", PROGRAM, command], env=environment, capture_output=True, text=True, check=True
    )

    assert said.stdout.strip() == has_daphne
