"""Rows written by prepared statements are the rows that Django would write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import IntegrityError
from django.forms.models import model_to_dict

from orchestrator.contract.ids import uuid7
from orchestrator.contract.times import now
from orchestrator.events.models import Event
from orchestrator.statements.writing import MANY, insert_rows, insert_unknown_rows, insert_values, update_row
from runs.models import Flow, FlowRun, FlowRunTag, TaskRun
from tests.factories import make_flow_run

pytestmark = pytest.mark.django_db

# Values that a careless encoder would change.
JSON = {"text": 'snö ☃ "quoted"', "big": 2**70, "small": -1, "float": 0.1, "none": None, "list": [1, [True]], "": {}}


def event(name: str = "x") -> Event:
    at = now()
    return Event(id=uuid7(), occurred=at, received=at, event=name, resource_id="r", resource={"a": "b"}, payload=JSON)


def values_of(row) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_stores_what_django_would_store():
    flow = Flow.objects.create(name="analysis")
    columns = {
        "flow": flow,
        "name": "amber-dove",
        "tags": ["a"],
        "parameters": JSON,
        "start_time": now(),
        "run_count": 2,
    }
    ours, djangos = FlowRun(**columns), FlowRun(**columns)

    insert_rows([ours])
    djangos.save(force_insert=True)

    read, expected = FlowRun.objects.get(pk=ours.pk), FlowRun.objects.get(pk=djangos.pk)
    own = ("id", "created", "updated")
    assert {k: v for k, v in values_of(read).items() if k not in own} == {
        k: v for k, v in values_of(expected).items() if k not in own
    }
    assert values_of(read) == values_of(ours)


def test_finds_json_by_key_as_before():
    run = make_flow_run()
    update_row(run, {"empirical_policy": {"retry_type": "in_process", "n": 1}})

    assert FlowRun.objects.filter(empirical_policy__retry_type="in_process", empirical_policy__n=1).get() == run


def test_keeps_the_moment_of_a_time_with_another_offset():
    run = make_flow_run()
    noon = datetime(2026, 1, 2, 12, 0, tzinfo=timezone(timedelta(hours=5)))

    update_row(run, {"start_time": noon, "end_time": None})

    stored = FlowRun.objects.get(pk=run.pk)
    assert stored.start_time == datetime(2026, 1, 2, 7, 0, tzinfo=UTC)
    assert stored.end_time is None
    assert FlowRun.objects.filter(start_time=noon).exists()


def test_tells_the_rows_their_numbers():
    events = [event(f"e{number}") for number in range(3)]

    insert_rows(events)

    assert {row.sequence: row.event for row in Event.objects.all()} == {row.sequence: row.event for row in events}


def test_writes_more_rows_than_one_statement_takes(monkeypatch, django_assert_num_queries):
    run = make_flow_run()
    insert_rows([FlowRunTag(flow_run_id=run.pk, tag="first")])
    monkeypatch.setattr("orchestrator.statements.writing.Table.rows_of_a_statement", 2, raising=False)
    rows = [FlowRunTag(flow_run_id=run.pk, tag=f"t{number}") for number in range(5)]

    insert_rows(rows)

    assert FlowRunTag.objects.filter(flow_run=run).count() == 6


def test_gives_each_row_its_own_value_whatever_its_neighbours_have():
    flow = Flow.objects.create(name="analysis")
    shared, later = {"x": [1]}, now()
    given = [shared, shared, {"x": [1]}, {}, shared, {"x": [True]}]
    times = [None, later, later, None, later - timedelta(hours=1), later]
    runs = [
        FlowRun(flow=flow, name=str(number), parameters=parameters, start_time=start_time)
        for number, (parameters, start_time) in enumerate(zip(given, times, strict=True))
    ]

    insert_rows(runs)

    read = list(FlowRun.objects.order_by("name").values_list("parameters", "start_time"))
    assert read == list(zip(given, times, strict=True))
    assert read[5][0]["x"][0] is True


def test_gives_many_rows_what_they_have_in_common_and_what_is_their_own():
    flow, at = Flow.objects.create(name="analysis"), now()
    shared = {"x": [1, None, "ü"]}
    runs = [
        FlowRun(
            flow=flow,
            name=f"{number:03}",
            parameters=shared,
            labels={"number": number},
            tags=["a"] if number else [],
            start_time=at,
            end_time=None,
            run_count=1 if number else 2,
        )
        for number in range(MANY)
    ]

    insert_rows(runs)

    columns = ("name", "parameters", "labels", "tags", "start_time", "end_time", "run_count")
    own = [(f"{number:03}", shared, {"number": number}, ["a"], at, None, 1) for number in range(MANY)]
    own[0] = (*own[0][:3], [], *own[0][4:6], 2)
    assert list(FlowRun.objects.order_by("name").values_list(*columns)) == own


def test_stores_many_rows_whose_first_column_is_the_same():
    run = make_flow_run()

    insert_values(FlowRunTag, ("flow_run", "tag"), [(run.pk, f"t{number}") for number in range(MANY)])

    assert FlowRunTag.objects.filter(flow_run=run).count() == MANY


def test_tells_which_rows_were_not_known():
    flow = Flow.objects.create(name="analysis")
    known = make_flow_run(flow=flow, idempotency_key="1")
    runs = [FlowRun(flow=flow, name=key, idempotency_key=key) for key in ("0", "1", "2")]

    new = insert_unknown_rows(runs)

    assert new == [runs[0], runs[2]]
    assert set(FlowRun.objects.all()) == {known, *new}
    assert [run._state.adding for run in runs] == [False, True, False]
    assert insert_unknown_rows([]) == []


def test_lets_the_constraints_judge():
    run = make_flow_run()
    insert_rows([FlowRunTag(flow_run_id=run.pk, tag="a")])

    insert_rows([FlowRunTag(flow_run_id=run.pk, tag=tag) for tag in ("a", "b")], skip_known=True)

    assert set(FlowRunTag.objects.values_list("tag", flat=True)) == {"a", "b"}
    with pytest.raises(IntegrityError):
        insert_rows([FlowRunTag(flow_run_id=run.pk, tag="b")])


def test_replaces_only_the_named_columns():
    run = make_flow_run()
    task = TaskRun(flow_run=run, name="old", task_key="t", dynamic_key="0")
    insert_rows([task])

    insert_rows([TaskRun(id=task.pk, flow_run=run, name="new", task_key="u", dynamic_key="1")], replace=["name"])

    stored = TaskRun.objects.get(pk=task.pk)
    assert (stored.name, stored.task_key) == ("new", "t")


def test_updates_row_and_object_with_one_statement(django_assert_num_queries):
    run = make_flow_run()
    update_row(run, {"name": "warm-up"})

    with django_assert_num_queries(1):
        update_row(run, {"name": "solar-salmon", "parameters": JSON})

    assert run.name == "solar-salmon"
    stored = FlowRun.objects.get(pk=run.pk)
    assert (stored.name, stored.parameters) == ("solar-salmon", JSON)
    assert model_to_dict(stored) == model_to_dict(run)
