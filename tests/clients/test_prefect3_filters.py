"""Our filters and those of the unmodified Prefect 3 client: the same names, the same fields."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from orchestrator.sdk.server_client import run_filters, thing_filters
from orchestrator.sdk.server_client.forms import Form

SCRIPT = Path(__file__).parent / "prefect3" / "filter_fields.py"
# What no filter takes there, and what others are derived from.
NOT_OFFERED = {"LogFilterName", "WorkerFilterWorkPoolId", "FilterSet", "EventDataFilter", "_FlowRunFilterBaseModel"}


@pytest.fixture(scope="module")
def theirs(prefect3_python):
    done = subprocess.run([prefect3_python, SCRIPT], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_have_the_fields_that_the_client_has(theirs):
    ours = {
        name: sorted(value._kinds)
        for module in (run_filters, thing_filters)
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Form) and value is not Form
    }

    assert ours == {name: fields for name, fields in theirs.items() if name not in NOT_OFFERED}
