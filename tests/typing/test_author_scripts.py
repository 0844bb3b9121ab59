"""What a type checker makes of an author's script: decorated functions keep their signatures."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documentation.snippets import ROOT

SCRIPT = Path(__file__).with_name("author.py")


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What mypy says of each line of the script."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-version=3.11"]
    cache = tmp_path_factory.mktemp("mypy")
    done = subprocess.run(
        [*command, f"--cache-dir={cache}", "--follow-imports=silent", "--ignore-missing-imports", str(SCRIPT)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = SCRIPT.read_text().splitlines()
    told = re.findall(r"author\.py:(\d+): (\w+): (.*)", done.stdout)
    return [(lines[int(number) - 1].strip(), kind, text) for number, kind, text in told]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("reveal_type(future)", "TaskFuture[int]"),
        ("reveal_type(future.result())", "int"),
        ("reveal_type(double(count))", "int"),
        ('reveal_type(label(1, unit="km"))', "str"),
        ("reveal_type(label.fn(1))", "str"),
        ('reveal_type(await fetch("u"))', "bytes"),
        ("reveal_type(report(1))", "list[str]"),
        ("reveal_type(double(1, wait_for=[future]))", "int"),
        ("reveal_type(blocking.read_flow_run(flow_run_id))", "FlowRun"),
        ("reveal_type(await client.read_flow_runs(limit=5))", "list[FlowRun]"),
        ("reveal_type(among.state)", "FlowRunFilterState | None"),
        ("reveal_type(pool.model_dump())", "dict[str, Any]"),
    ],
)
def test_knows_what_a_call_gives(said, line, kind):
    (revealed,) = [text for told, level, text in said if told == line and level == "note"]

    assert re.sub(r"builtins\.|orchestrator\.sdk\.[a-z_.]+\.", "", revealed) == f'Revealed type is "{kind}"'


def test_finds_wrong_calls_and_no_others(said):
    wrong = {line for line in SCRIPT.read_text().splitlines() if "# wrong" in line}

    assert {line for line, level, _ in said if level == "error"} == {line.strip() for line in wrong}
