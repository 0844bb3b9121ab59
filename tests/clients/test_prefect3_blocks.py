"""What we know and compute about blocks, against the unmodified Prefect 3 client's own computation."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from orchestrator.contract.block_checksums import checksum_of
from orchestrator.store.services.system_blocks import system_block_facts

HERE = Path(__file__).parent / "prefect3"

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def client(prefect3_python, tmp_path_factory):
    """What the client says about its blocks."""
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path_factory.mktemp("prefect")), "DO_NOT_TRACK": "1"}
    done = subprocess.run(
        [prefect3_python, HERE / "block_checksums.py"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_computes_the_checksums_that_the_client_computes(client):
    ours = {one["slug"]: checksum_of(one["fields"]) for one in client["built_in"] + client["nested"]}

    assert ours == {one["slug"]: one["checksum"] for one in client["built_in"] + client["nested"]}


def test_knows_the_blocks_that_come_with_the_client(client):
    known = {
        (one["block_type"], one["checksum"], one["version"], tuple(one["capabilities"]))
        for one in system_block_facts()["block_schemas"]
    }

    asked = {(one["slug"], one["checksum"], one["version"], tuple(one["capabilities"])) for one in client["built_in"]}
    assert asked <= known
