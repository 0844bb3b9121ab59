"""The row of tasks on Celery workers: what is beside it does the work, and what is wrong is noticed."""

from __future__ import annotations

import json

import pytest

from benchmarks.databases import SQLITE, Database
from benchmarks.row import Incorrect
from benchmarks.rows import ROWS
from benchmarks.rows.celery import measure_celery_alone
from benchmarks.sides import Side


class Told(Side):
    """A side whose script says that all went well, and whose server has what it is told to have."""

    def run(self, *arguments, **options):
        return json.dumps({"seconds": 0.5, "flow_run_id": "a-run"})

    def ask(self, path, body=None, **options):
        return {"state_type": "COMPLETED"} if path.startswith("/flow_runs/") else int(self.environment["has"])


def told(has):
    return Told("ours", "orchestrator", "python", {"has": str(has)})


def test_gives_milliseconds_per_task():
    assert ROWS["celery"].measure(told(10), 10) == {"per task": 50.0}


def test_takes_no_time_of_what_the_server_has_not(monkeypatch):
    monkeypatch.setattr("benchmarks.no_op_tasks._RECORDED_SECONDS", 0)

    with pytest.raises(Incorrect, match="9 completed task runs of 10"):
        ROWS["celery"].measure(told(9), 10)


@pytest.mark.e2e
def test_measures_celery_alone():
    assert 0 < measure_celery_alone(Database(SQLITE, {}), 5)["per task"] < 60_000
