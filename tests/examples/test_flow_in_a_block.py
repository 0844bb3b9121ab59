"""The example of a flow in a block."""

from __future__ import annotations

import runpy
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "flow_in_a_block.py"


def test_takes_the_branch_that_the_readings_ask_for(monkeypatch, tmp_path):
    monkeypatch.delenv("ORCHESTRATOR_API_URL", raising=False)
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(tmp_path))
    example = runpy.run_path(str(EXAMPLE))

    outcomes = {city: example["flow"].run(city=city).result[example["report"]] for city in ("Bergen", "Tromsø", "Oslo")}

    assert outcomes["Bergen"].result == "Bergen: 41.6 °F"
    assert outcomes["Tromsø"].result == "Tromsø: 23.9 °F, take a coat"
    assert outcomes["Oslo"].is_skipped()
