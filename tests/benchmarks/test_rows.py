"""The rows: what they execute does its work, and what is wrong is noticed."""

from __future__ import annotations

import json
import time

import pytest

from benchmarks.__main__ import main
from benchmarks.row import Incorrect
from benchmarks.rows import ROWS, import_
from benchmarks.sides import ROOT, CannotMeasure, Side, ours


class Told(Side):
    """A side whose script says what it is told to, and whose server knows what it is told to."""

    def run(self, *arguments, **options):
        return f'noise\n{{"began_at": {time.time() - 2}, "seconds": 0.5, "flow_run_id": "a-run"}}\n'

    def ask(self, path, body=None):
        if path.startswith("/flow_runs/"):
            return {"state_type": self.environment["state"]}
        return int(self.environment["all" if "task_runs" not in body else "completed"])


def told(**server):
    return Told("ours", "orchestrator", "python", {"state": "COMPLETED", "all": "10", "completed": "10", **server})


def test_gives_milliseconds_per_task():
    sample = ROWS["task"].measure(told(), 10)

    assert sample["per task"] == 50.0
    assert 200 <= sample["recorded"] < 1000  # two seconds ago they began


@pytest.mark.parametrize("server", [{"completed": "9"}, {"all": "11"}, {"state": "FAILED"}])
def test_takes_no_time_of_work_that_was_not_done(server, monkeypatch):
    monkeypatch.setattr("benchmarks.no_op_tasks._RECORDED_SECONDS", 0)

    with pytest.raises(Incorrect, match="ours: the server has"):
        ROWS["task"].measure(told(**server), 10)


@pytest.mark.parametrize("kind", ["task", "submit", "map"])
def test_executes_its_tasks(kind):
    side = ours()

    said = json.loads(
        side.run(str(ROOT / "benchmarks" / "programs" / "tasks.py"), side.library, kind, "3").splitlines()[-1]
    )

    assert said["seconds"] > 0


def test_measures_an_import():
    assert import_.measure(ours(), 1)["time"] < 10_000


def test_notices_an_import_that_gives_something_else():
    class Silent(Side):
        def run(self, *arguments, **options):
            return ""

    with pytest.raises(Incorrect, match="said ''"):
        import_.measure(Silent("ours", "orchestrator", "python"), 1)


def test_says_why_a_script_failed():
    with pytest.raises(CannotMeasure, match=r"ended with 1:\n(.*\n)*no such thing"):
        ours().run("-c", "raise SystemExit('no such thing')")


@pytest.mark.parametrize(
    "arguments",
    [["--only", "nonsense"], ["--only", ""], ["--databases", "oracle"], ["--rounds", "0"], ["--scale", "x"]],
)
def test_refuses_what_it_does_not_know(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "error: argument" in capsys.readouterr().err
