"""`Flow`, as authors import it."""

from __future__ import annotations

import subprocess
import sys

from orchestrator import BuiltFlow, Flow


def test_makes_a_built_flow_of_a_name():
    assert type(Flow("a name")) is BuiltFlow
    assert type(Flow(name="a name")) is BuiltFlow
    assert type(Flow(len, name="a function")) is Flow


def test_costs_nothing_where_it_is_only_a_type():
    script = "import sys; from orchestrator import Flow; print('orchestrator.sdk.built_flows.flow' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
