"""The keys of stored secrets: configured, or made once beside the data."""

from __future__ import annotations

import os
import subprocess
import sys

from cryptography.fernet import Fernet

PRINT_KEYS = "from orchestrator import settings; print(','.join(settings.ENCRYPTION_KEYS))"


def start(home, **variables):
    environment = {**os.environ, "ORCHESTRATOR_HOME": str(home), **variables}
    return subprocess.run(
        [sys.executable, "-c", PRINT_KEYS], env=environment, capture_output=True, text=True, timeout=30, check=False
    )


def test_makes_one_key_and_keeps_it_for_its_owner_alone(tmp_path):
    first, second = start(tmp_path), start(tmp_path)

    assert first.stdout == second.stdout
    assert Fernet(first.stdout.strip())
    assert (tmp_path / "encryption_key").stat().st_mode & 0o777 == 0o600


def test_takes_the_configured_keys_in_their_order(tmp_path):
    keys = [Fernet.generate_key().decode() for _ in range(2)]

    started = start(tmp_path, ORCHESTRATOR_ENCRYPTION_KEYS=f"{keys[0]}, {keys[1]}")

    assert started.stdout.strip().split(",") == keys
    assert not (tmp_path / "encryption_key").exists()


def test_stops_at_what_is_no_key_without_showing_it(tmp_path):
    started = start(tmp_path, ORCHESTRATOR_ENCRYPTION_KEYS="hush")

    assert started.returncode != 0
    assert "ORCHESTRATOR_ENCRYPTION_KEYS" in started.stderr
    assert "hush" not in started.stderr
