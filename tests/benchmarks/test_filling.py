"""A filled database holds what a server would have written, as often as the plan says."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import JSONField

from benchmarks.filling.copies import Copy, Cutter, Rows
from benchmarks.filling.plan import Plan
from benchmarks.filling.recording import rows_of
from benchmarks.filling.specimens import KINDS
from benchmarks.sides import ours
from deployments.models import Deployment
from deployments.services.work_pools import create_work_pool
from orchestrator.contract.ids import uuid7
from runs.models import FlowRun, FlowRunState, FlowRunTag, Log, TaskRun, TaskRunState
from tests.factories import make_deployment, make_flow

TASK_RUNS = 1_000
BEGIN = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> tuple[str, dict[str, Any]]:
    """The file of a filled database, and what its making told."""
    side, home = ours(), tmp_path_factory.mktemp("filled")
    side.environment["ORCHESTRATOR_HOME"] = str(home)
    said = side.run("-m", "benchmarks.filling", f"--task-runs={TASK_RUNS}", "--deployments=12")
    return str(home / "orchestrator.db"), json.loads(said.splitlines()[-1])


def ask(filled, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(filled[0])) as connection:
        return connection.execute(statement, values).fetchall()


def shape_of(value: Any) -> Any:
    """Of JSON: which keys there are, and of which types their values."""
    if isinstance(value, dict):
        return tuple(sorted((key, shape_of(each)) for key, each in value.items()))
    if isinstance(value, list):
        return "list", tuple(sorted({repr(shape_of(each)) for each in value}))
    return type(value).__name__


def row_shape(model: Any, values: dict[str, Any], *, as_stored: bool) -> tuple[Any, ...]:
    """Which columns are empty, and how the JSON of the others looks."""
    shapes = []
    for field in model._meta.concrete_fields:
        value = values[field.column]
        if isinstance(field, JSONField) and as_stored and value is not None:
            value = json.loads(value)
        is_json = isinstance(field, JSONField) and value is not None
        shapes.append((field.column, shape_of(value) if is_json else value is None))
    return tuple(shapes)


def shapes_in_file(filled, model: Any, where: str, *values: Any) -> Counter[Any]:
    columns = [field.column for field in model._meta.concrete_fields]
    names = ", ".join(f'"{column}"' for column in columns)
    rows = ask(filled, f'SELECT {names} FROM "{model._meta.db_table}" WHERE {where}', *values)
    return Counter(row_shape(model, dict(zip(columns, row, strict=True)), as_stored=True) for row in rows)


def shapes_of_rows(model: Any, rows: Any) -> Counter[Any]:
    columns = {field.attname: field.column for field in model._meta.concrete_fields}
    return Counter(
        row_shape(model, {columns[name]: value for name, value in row.items()}, as_stored=False)
        for row in rows.values(*columns)
    )


@pytest.fixture
def deployment(db) -> Deployment:
    pool = create_work_pool(name="mine", type="celery")
    return make_deployment(make_flow("mine"), pool=pool, tags=["one", "two"], version="1")


@pytest.mark.parametrize(
    ("kind", "state"),
    [("failed: key", "FAILED"), ("crashed", "CRASHED"), ("cancelled", "CANCELLED"), ("late", "SCHEDULED")],
)
@pytest.mark.django_db(transaction=True)
def test_copies_look_like_runs_that_services_recorded(kind, state, filled, deployment):
    """Column by column: what is empty, the keys of JSON, and the types of their values."""
    record = next(each.record for each in KINDS if each.name == kind)
    recorded = rows_of(record(deployment))
    of_state = "state_name = 'Late'" if kind == "late" else "state_type = ?"
    copies = ask(filled, f"SELECT id FROM runs_flowrun WHERE {of_state}", *([] if kind == "late" else [state]))

    wanted = {model: shapes_of_rows(model, rows) for model, rows in recorded.items()}

    assert copies
    looked_at = (("id", FlowRun), ("flow_run_id", FlowRunState), ("flow_run_id", FlowRunTag), ("flow_run_id", TaskRun))
    found = [
        {model: shapes_in_file(filled, model, f"{column} = ?", id) for column, model in looked_at} for (id,) in copies
    ]
    tasks = [
        shapes_in_file(filled, TaskRunState, "task_run_id IN (SELECT id FROM runs_taskrun WHERE flow_run_id = ?)", id)
        for (id,) in copies
    ]
    assert {model: wanted[model] for _, model in looked_at} in found
    assert wanted[TaskRunState] in tasks


def test_fills_as_much_as_it_tells(filled):
    told = filled[1]

    runs = dict(ask(filled, "SELECT state_type, count(*) FROM runs_flowrun GROUP BY 1"))
    task_runs = dict(ask(filled, "SELECT state_type, count(*) FROM runs_taskrun GROUP BY 1"))

    assert runs == told["runs"]
    assert task_runs == told["task_runs"]
    assert sum(task_runs.values()) == pytest.approx(TASK_RUNS + 5 * 100 + 33 * 10, rel=0.1)
    [(rare,)] = ask(filled, "SELECT count(*) FROM runs_flowruntag WHERE tag = 'incident'")
    assert rare == told["rare"]


def test_leaves_indexes_and_references_as_they_were(filled, tmp_path):
    side = ours()
    side.environment["ORCHESTRATOR_HOME"] = str(tmp_path)
    side.run("-m", "orchestrator", "server", "database", "upgrade", "--yes")
    asked = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name NOT LIKE 'sqlite%'"

    assert set(ask(filled, asked)) == set(ask((str(tmp_path / "orchestrator.db"), {}), asked))
    assert ask(filled, "PRAGMA foreign_key_check") == []
    assert ask(filled, "PRAGMA integrity_check") == [("ok",)]


def test_has_hours_counted_and_runs_planned(filled):
    [(hours, uncounted)] = ask(filled, "SELECT count(*), sum(counted_at IS NULL) FROM runs_hourcount")
    [(planned,)] = ask(filled, "SELECT count(*) FROM runs_flowrun WHERE auto_scheduled")
    [(lines,)] = ask(filled, f"SELECT count(*) FROM {Log._meta.db_table}")

    assert (hours > 1_000, uncounted) == (True, 0)
    assert planned >= 12
    assert lines > 0


def test_tells_each_of_its_numbers_as_a_number(filled):
    assert ask(filled, "SELECT DISTINCT typeof(total_run_time), typeof(run_count) FROM runs_taskrun") == [
        ("real", "integer")
    ]


def test_gives_each_copy_identifiers_and_times_of_its_own():
    own, other = uuid7(), uuid4()
    rows = Rows(
        "things",
        ("id", "at", "state", "owner", "seconds"),
        [(own.hex, "2026-03-29 12:00:01.500000", f'{{"id": "{own}", "at": "2026-03-29T12:00:02Z"}}', str(other), 2.0)],
        scaled=frozenset({"seconds"}),
    )
    part = Cutter(begin=BEGIN, own=[own], words={str(other): "owner"}, first_event=1).cut([rows])
    [cut] = part.cuts

    def copy(number, begin, stretch):
        values = part.values_of(Copy(number, begin, stretch, {"owner": "100 %"}))
        return [cut.texts[place] % values for place in range(5)]

    first, second = copy(1, 1_000_000_000_000_000, 2.0), copy(2, 1_000_000_000_000_000, 4.0)

    assert first[1] == "2001-09-09 01:46:43.000001"  # three seconds after its beginning; no moment is a whole second
    assert json.loads(first[2])["at"] == "2001-09-09T01:46:44.000001Z"
    assert UUID(first[0]) == UUID(json.loads(first[2])["id"]) != UUID(second[0])
    assert UUID(first[0]).version == 7
    assert first[3:] == ["100 %", "4.0"]
    assert second[1] == "2001-09-09 01:46:46.000001"


def test_plans_the_same_every_time():
    plan = Plan(task_runs=5_000, deployments=20, until=BEGIN)

    planned = list(plan)

    assert planned == list(plan)
    assert len({each.number for each in planned}) == len(planned)
    assert sum(kind.weight for kind in KINDS) == 1000
    assert {each.deployment for each in planned} == set(range(20))
