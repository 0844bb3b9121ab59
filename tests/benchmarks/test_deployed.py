"""The rows about runs of a deployment: what they tell of a faked server, and what they do not take."""

from __future__ import annotations

import io
import time
import urllib.error
from datetime import UTC, datetime
from email.message import Message

import pytest

from benchmarks.databases import SQLITE, database
from benchmarks.given import deployed
from benchmarks.row import Incorrect
from benchmarks.rows import ROWS, start
from benchmarks.sides import Side, ours


class Faked(Side):
    """A side whose server has every run COMPLETED after `took_seconds`, but for what `environment` says."""

    def ask(self, path, body=None):
        if path.endswith("/create_flow_run"):
            return self._created()
        if path == "/flow_runs/count":
            return int(self.environment.get("left", 0))
        if path == "/flow_runs/filter":
            return [runs[run_id] for run_id in body["flow_runs"]["id"]["any_"] if run_id in runs]
        return {"id": "a-deployment"}

    def _created(self):
        if busy:
            raise urllib.error.HTTPError("", busy.pop(), "locked", Message(), io.BytesIO())
        run_id, at = f"run-{len(runs)}", time.time()
        runs[run_id] = {
            "id": run_id,
            "start_time": told(at + float(self.environment.get("seconds", 0.05))),
            "end_time": told(at + 1),
            "state_type": self.environment.get("state", "COMPLETED"),
            "run_count": int(self.environment.get("count", 1)),
        }
        return runs[run_id]


runs: dict[str, dict] = {}
busy: list[int] = []  # statuses that the server answers first


def faked(**environment):
    return Faked("ours", "orchestrator", "python", {name: str(value) for name, value in environment.items()})


def told(seconds):
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    runs.clear()
    busy.clear()
    monkeypatch.setattr(start, "_PAUSES_SECONDS", 0.0)
    monkeypatch.setattr(start, "_RUN_SECONDS", 0.0)
    monkeypatch.setattr(deployed, "_PAUSES_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(deployed, "_LOOK_SECONDS", 0.0)


def test_tells_how_soon_runs_begin():
    sample = ROWS["start"].measure(faked(seconds=0.05), 5)

    assert 50 <= sample["p50"] <= sample["p95"] < 1000


def test_takes_the_slowest_but_one_of_twenty_for_the_95th_percentile(monkeypatch):
    monkeypatch.setattr(start, "_milliseconds", lambda *_, after_seconds: next(took))
    took = iter([*range(1, 20), 1000])

    assert start.measure(faked(), 20) == {"p50": 10.5, "p95": 19}


def test_spreads_the_pauses_over_the_time_between_two_looks(monkeypatch):
    monkeypatch.setattr(start, "_PAUSES_SECONDS", 10.0)

    pauses = sorted(start._pauses(6))

    assert pauses[0] == 0
    assert all(0.5 < after - before < 3.9 for before, after in zip(pauses, [*pauses[1:], 10.0], strict=True))


def test_tells_runs_per_second():
    sample = ROWS["runs"].measure(faked(), 8)

    assert 6 < sample["rate"] <= 8  # the last run ends a second after it was created
    assert len(runs) == 8


@pytest.mark.parametrize("row", ["start", "runs"])
@pytest.mark.parametrize(
    ("server", "why"),
    [
        ({"state": "FAILED"}, "FAILED"),
        ({"count": 2}, "begun more than once"),
        ({"count": 0}, "begun more than once, or never"),
        ({"left": 1}, "have not ended"),
    ],
)
def test_takes_no_time_of_runs_that_went_wrong(row, server, why, monkeypatch):
    monkeypatch.setattr("benchmarks.rows.runs._SECONDS_FOR_EACH", 0.0)

    with pytest.raises(Incorrect, match=why):
        ROWS[row].measure(faked(**server), 1)


def test_believes_no_run_that_began_before_it_was_asked_for():
    with pytest.raises(Incorrect, match="before it was asked for"):
        ROWS["start"].measure(faked(seconds=-60), 1)


def test_asks_a_busy_server_again():
    busy.extend([503, 503])

    assert ROWS["runs"].measure(faked(), 1)["rate"] > 0


def test_gives_up_on_a_server_that_refuses():
    busy.append(500)

    with pytest.raises(urllib.error.HTTPError):
        ROWS["runs"].measure(faked(), 1)


@pytest.mark.e2e
def test_has_its_runs_executed_by_a_worker(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(start, "_PAUSES_SECONDS", 0.0)

    with database(SQLITE) as place, ROWS["start"].stage(ours(), place) as side:
        began = ROWS["start"].measure(side, 2)
        rate = ROWS["runs"].measure(side, 3)

    assert 0 < began["p50"] <= began["p95"]
    assert rate["rate"] > 0
